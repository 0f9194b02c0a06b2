# completes.zsh: what an interactive shell, with nothing but the package's completion, offers after TAB.
#
#   zsh completes.zsh zsh|bash LINE OFFERED [LINE OFFERED]...    fails where OFFERED does not come within ten seconds
zmodload zsh/zpty zsh/zselect

seen=
comes() {  # PATTERN
  local piece
  local -i end=$((SECONDS + 10))
  while [[ $seen != ${~1} ]]; do
    (( SECONDS < end )) || return 1
    if zpty -r -t shell piece; then seen+=$piece; else zselect -t 5; fi
  done
}

# The prompts are spelled so that the echo of these lines is not taken for them.
case $1 in
  zsh) start=(zsh -f -i) first="autoload -Uz compinit; compinit -D; LISTMAX=1000; PROMPT='rea''dy> '" ;;
  bash) start=(bash --norc -i) first=". /usr/share/bash-completion/completions/muster; bind 'set show-all-if-ambiguous on'; PS1='rea''dy> '" ;;
esac
shell=$1
shift
for line offered in "$@"; do
  zpty -b shell $start
  zpty -w shell $first
  comes '*ready> *' || { print -r -- "$shell does not come up: ${(V)seen}"; exit 1; }
  seen=
  zpty -w -n shell "$line"$'\t'
  comes "*$offered*" || { print -r -- "$shell: '$line' does not offer $offered: ${(V)seen}"; exit 1; }
  zpty -d shell
  seen=
done
