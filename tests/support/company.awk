# The people, groups and differences of a sample company; called by ./company, which explains the files.
# Variables: out people mode over suffix domain today (days since 1970); the agent's password is in the environment.

function random(n) {  # 0..n-1, the same on every awk (Park and Miller, CACM 31:10)
  seed = (seed * 16807) % 2147483647
  return seed % n
}

function iso(day,    z, era, doe, yoe, doy, mp, d, m) {  # days since 1970 to YYYY-MM-DD
  z = day + 719468; era = int(z / 146097); doe = z - era * 146097
  yoe = int((doe - int(doe / 1460) + int(doe / 36524) - int(doe / 146096)) / 365)
  doy = doe - (365 * yoe + int(yoe / 4) - int(yoe / 100)); mp = int((5 * doy + 2) / 153)
  d = doy - int((153 * mp + 2) / 5) + 1; m = mp < 10 ? mp + 3 : mp - 9
  return sprintf("%04d-%02d-%02d", yoe + era * 400 + (m <= 2), m, d)
}

function base64(text,    n, i, a, b, c, coded) {
  n = length(text)
  for (i = 1; i <= n; i += 3) {
    a = code[substr(text, i, 1)]; b = i < n ? code[substr(text, i + 1, 1)] : 0; c = i + 1 < n ? code[substr(text, i + 2, 1)] : 0
    coded = coded digit[int(a / 4)] digit[a % 4 * 16 + int(b / 16)] \
      (i < n ? digit[b % 16 * 4 + int(c / 64)] : "=") (i + 1 < n ? digit[c % 64] : "=")
  }
  return coded
}

# RFC 2849: what is not plain ASCII is base64.
function attribute(name, value) { return value ~ /[\200-\377]/ ? name ":: " base64(value) "\n" : name ": " value "\n" }

function csv(value) { return value ~ /[",]/ ? "\"" value "\"" : value }

function ascii(name) {  # "Jürgen" to "juergen", "O'Brien" to "obrien"
  gsub(/ä/, "ae", name); gsub(/ö/, "oe", name); gsub(/ü/, "ue", name); gsub(/ß/, "ss", name); gsub(/Ö/, "oe", name)
  gsub(/é|è|ë|ê/, "e", name); gsub(/ø/, "oe", name); gsub(/Ø/, "oe", name); gsub(/ł/, "l", name); gsub(/Ł/, "l", name)
  gsub(/å/, "aa", name); gsub(/Å/, "aa", name); gsub(/æ/, "ae", name); gsub(/á|ą/, "a", name); gsub(/ó/, "o", name)
  gsub(/ś/, "s", name); gsub(/ń|ñ/, "n", name); gsub(/ż|ź/, "z", name); gsub(/ę/, "e", name); gsub(/í/, "i", name)
  gsub(/ç|č|ć/, "c", name); gsub(/š/, "s", name); gsub(/ú/, "u", name)
  gsub(/[^A-Za-z]/, "", name)
  return tolower(name)
}

function init_names(    i) {
  givens = split("Anna Søren Jürgen Małgorzata José Emma Lukas Mia Noah Zoé Björn Katarzyna Piotr Ingrid Lars Freja Magnus " \
    "Astrid Henrik Mette Wolfgang Sabine Käthe Günter Ursula Andreas Stefan Claudia Julia Maximilian Felix Leonie Hannah " \
    "Paul Finn Łukasz Agnieszka Tomasz Paweł Zofia Jakub Wojciech Elżbieta Małwina René Hélène François Chloé Léa Louis " \
    "Camille Antoine Inès Manon Hugo Giulia Marco Alessandra Luca Chiara Matteo Elena Carlos Lucía Sofía Diego Martín " \
    "Carmen Íñigo Oliver Amelia George Isla Harry Grace Jack Charlotte Thomas Emily William Olivia James Sophie Rory " \
    "Siobhán Seán Niamh Åse Øyvind Bjørn Ida Kristoffer Silje Tuva Linnéa Göran Märta Åke Priya Arjun Mei Wei Yuki " \
    "Haruto Fatima Omar Aisha Yusuf Leila Mehmet Ayşe Nikolai Olga Dmitri Svetlana Milan Jana Tomáš Eva David Maria " \
    "Daniel Laura Peter Nina Simon Karin", given, " ")
  surnames = split("Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter " \
    "Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Werner Krause Lehmann Köhler " \
    "Maier Groß Weiß Vogel Jensen Nielsen Hansen Pedersen Andersen Sørensen Christensen Larsen Rasmussen Jørgensen " \
    "Kjær Møller Østergård Bæk Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański " \
    "Woźniak Dąbrowski Kozłowski Jankowski Mazur Łukaszewski Martin Bernard Dubois Durand Lefèvre Moreau Simon Laurent " \
    "Lefebvre Roux Fournier Mercier François Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco " \
    "García Fernández González Rodríguez López Martínez Sánchez Pérez Gómez Muñoz Álvarez Smith Jones Taylor Brown " \
    "Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans Walker White Roberts Green Hall Wood Clarke " \
    "O'Brien O'Neill Murphy Kelly Byrne Svensson Johansson Karlsson Nilsson Eriksson Lindström Åberg Öberg Virtanen " \
    "Korhonen Mäkinen Haugen Olsen Solberg Novák Svoboda Dvořák Černý Horváth Nagy Kovács Ivanov Petrov Yılmaz Kaya " \
    "Demir Khan Ahmed Ali Hussain Singh Kumar Sharma Chen Wang Li Zhang Tanaka Sato Suzuki van_den_Berg de_Vries " \
    "D'Angelo Baßler Strauß Meyer-Lüdtke Dupont-Rénard", surname, " ")
  for (i = 1; i <= givens; i++) given_ascii[i] = ascii(given[i])
  for (i = 1; i <= surnames; i++) { gsub(/_/, " ", surname[i]); surname_ascii[i] = ascii(surname[i]) }
}

function add_department(name, slug, weight, cost, titles,    n, i, list) {
  departments++
  dept[departments] = name; slug_of[name] = slug; cost_of[name] = cost
  for (i = 0; i < weight; i++) wheel[wheels++] = name
  n = split(titles, list, "|")
  title_count[name] = n
  for (i = 1; i <= n; i++) title_of[name, i] = list[i]
}

function init_departments() {
  add_department("Engineering", "engineering", 20, 4100, "Software Engineer|Senior Software Engineer|Engineer, Platform|Test Engineer|Architect")
  add_department("Research", "research", 8, 4200, "Research Scientist|Laboratory Technician|Data Scientist|Principal Scientist")
  add_department("Sales", "sales", 16, 5100, "Account Executive|Sales Representative|Key Account Director|Inside Sales, DACH")
  add_department("Marketing", "marketing", 6, 5200, "Copywriter|Brand Specialist|Event Coordinator|Graphic Designer")
  add_department("Finance", "finance", 6, 6100, "Accountant|Controller|Treasury Analyst|Payroll Specialist")
  add_department("Human Resources", "human-resources", 4, 6200, "Recruiter|HR Business Partner|Training Specialist")
  add_department("Operations", "operations", 14, 7100, "Machine Operator|Shift Supervisor|Maintenance Technician|Quality Inspector")
  add_department("Logistics", "logistics", 10, 7200, "Warehouse Associate|Forklift Driver|Dispatcher|Customs Specialist")
  add_department("Customer Care", "customer-care", 10, 5300, "Support Agent|Support Specialist|Field Technician")
  add_department("Legal", "legal", 2, 6300, "Counsel|Paralegal|Compliance Officer")
  add_department("IT", "it", 4, 4300, "System Administrator|Network Engineer|Service Desk Analyst|Database Administrator")
  sites = split("Copenhagen Munich Gdańsk Lyon Málaga Manchester", site, " ")
}

function add_group(name, parent, class) {
  groups++
  group_name[groups] = name; group_number[name] = groups
  group_dn[groups] = "cn=" name "," parent "," suffix
  group_class[groups] = class
  group_file[groups] = out "/.group-" name
}

function init_groups(    birthright, plain, i) {
  birthright = "ou=birthright,ou=groups"; plain = "ou=groups"
  add_group("all-staff", birthright, "groupOfNames")
  for (i = 1; i <= departments; i++) add_group(slug_of[dept[i]], birthright, "groupOfNames")
  add_group("managers", birthright, "groupOfNames")
  add_group("contractors", birthright, "groupOfNames")
  add_group("building-munich", birthright, "groupOfUniqueNames")
  add_group("unix-developers", plain, "posixGroup")
  add_group("vpn", plain, "groupOfNames")
  add_group("crm-users", plain, "groupOfNames")
  add_group("on-call", plain, "groupOfNames")           # nobody's rule: left alone
  add_group("directory-admins", plain, "groupOfNames")  # protected
}

function init_codes(    i, alphabet) {
  for (i = 1; i < 256; i++) code[sprintf("%c", i)] = i
  alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  for (i = 0; i < 64; i++) digit[i] = substr(alphabet, i + 1, 1)
}

function at_most(limit, share,    n) { n = int(people * share); return n < 1 ? 1 : n < limit ? n : limit }

# What is wrong with the directory: a list of differences, given to ordinary people at even distances.
function init_differences(    left, i, n, kind, kinds) {
  if (mode != "off") return
  left["leaver"] = over ? int(people * 0.1) + 26 : at_most(10, 0.02)
  left["mover"] = at_most(12, 0.025); left["wrong-title"] = at_most(10, 0.02)
  left["joiner"] = at_most(5, 0.01); left["stranger"] = at_most(5, 0.01)
  left["lacks-group"] = at_most(3, 0.01); left["leave"] = at_most(2, 0.005)
  kinds = split("mover leaver wrong-title joiner stranger lacks-group leave", kind, " ")
  do {
    n = differences
    for (i = 1; i <= kinds; i++) if (left[kind[i]]-- > 0) difference[++differences] = kind[i]
  } while (differences > n)
  stride = people * 0.7 / (differences + 1)
}

# The next difference where its turn has come; `ordinary` is nobody whom others depend on or who is special already.
function difference_of(i, ordinary) {
  if (!ordinary || given_out >= differences || i < given_out * stride) return ""
  return difference[++given_out]
}

function count(action, n) { expected[action] += n }

function join(group, dn, uid) {
  is_member[group] = 1
  members[group]++
  print (group_class[group] == "posixGroup" ? "memberUid: " uid : \
         group_class[group] == "groupOfUniqueNames" ? "uniqueMember: " dn : "member: " dn) > group_file[group]
}

function wants(name) { want[group_number[name]] = 1 }

# The groups that the roles of access.xml give to somebody who has not left.
function wanted_groups(department, title, site, type) {
  split("", want)
  wants("all-staff"); wants(slug_of[department])
  if (department == "Engineering" || department == "Research") wants("unix-developers")
  if (department == "Engineering" || department == "IT" || department == "Sales") wants("vpn")
  if (department == "Sales" || department == "Marketing" || department == "Customer Care") wants("crm-users")
  if (title ~ /Manager/) wants("managers")
  if (type == "Contractor") wants("contractors")
  if (site == "Munich") wants("building-munich")
}

# What a resync does to the memberships: strangers stay in vpn and crm-users, which are "granted"; leavers do not.
function count_memberships(left_company,    g) {
  for (g = 1; g <= group_number["crm-users"]; g++) {
    if ((g in want) && !left_company && !(g in is_member)) count("add-member", 1)
    if ((g in is_member) && (left_company || !(g in want) && g < group_number["vpn"])) count("remove-member", 1)
  }
}

function person_entry(h,    end) {
  end = h["disabled"] ? "pwdEndTime: 19700101000000Z\n" : h["expires"] ? "pwdEndTime: " h["expires"] "\n" : ""
  printf "dn: %s\nobjectClass: inetOrgPerson\nuid: %s\nemployeeNumber: %s\n%s%s%smail: %s\ntitle: %s\nou: %s\ndepartmentNumber: %s\n" \
    "%semployeeType: %s\nmanager: %s\ntelephoneNumber: %s\n%suserPassword: sample\n%s\n", h["dn"], h["uid"], h["id"],
    attribute("givenName", h["first"]), attribute("sn", h["last"]), attribute("cn", h["first"] " " h["last"]), h["email"], h["title"],
    h["department"], h["cost"], attribute("l", h["site"]), h["type"], h["manager_dn"], h["phone"], h["mobile"], end > ldif
}

function dn_of(uid) { return "uid=" uid ",ou=people," suffix }

function manager_of(department) { return (department in manager) ? manager[department] : chief }

# Fields that HR knows; the directory's view starts as the same.
function new_person(i,    g, s, n) {
  g = random(givens) + 1; s = random(surnames) + 1
  hr["id"] = sprintf("%06d", 100000 + i)
  hr["first"] = given[g]; hr["last"] = surname[s]
  hr["uid"] = given_ascii[g] "." surname_ascii[s]
  n = ++taken[hr["uid"]]
  if (n > 1) hr["uid"] = hr["uid"] n
  hr["email"] = hr["uid"] "@" domain
  hr["department"] = i == 1 ? "Operations" : wheel[random(wheels)]
  hr["type"] = i % 12 == 5 ? "Contractor" : "Employee"
  hr["title"] = i == 1 ? "Chief Executive Officer" : i % 12 == 2 ? hr["department"] " Manager" : \
    title_of[hr["department"], random(title_count[hr["department"]]) + 1]
  n = random(sites)
  hr["site"] = site[n + 1]
  hr["cost"] = cost_of[hr["department"]] + n
  if (i == 1) chief = hr["uid"]
  hr["manager"] = i % 12 == 2 ? chief : manager_of(hr["department"])
  if (i % 12 == 2) manager[hr["department"]] = hr["uid"]
  hr["status"] = i % 100 == 7 ? "Terminated" : i % 150 == 11 ? "On Leave" : "Active"
  hr["start"] = i % 200 == 13 ? today + 30 + random(60) : today - 40 - random(7000)
  hr["end"] = hr["status"] == "Terminated" ? today - 1 - random(30) : hr["type"] == "Contractor" ? today + 30 + random(300) : ""
}

function print_record() {
  printf "%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s\n", hr["id"], hr["status"], hr["first"], hr["last"], hr["email"], hr["department"],
    hr["cost"], csv(hr["title"]), hr["site"], hr["type"], hr["manager"] "@" domain, iso(hr["start"]),
    hr["end"] == "" ? "" : iso(hr["end"]) > feed
}

# The first instant after the last day, in the time zone of the process.
function midnight_after(day,    d) {
  if (!(day in midnight)) {
    split(iso(day + 1), d, "-")
    midnight[day] = strftime("%Y%m%d%H%M%SZ", mktime(d[1] " " d[2] " " d[3] " 0 0 0"), 1)
  }
  return midnight[day]
}

function directory_view(    k) {
  for (k in hr) dir[k] = hr[k]
  dir["dn"] = dn_of(hr["uid"])
  dir["manager_dn"] = dn_of(hr["manager"])
  dir["disabled"] = hr["status"] != "Active"
  dir["expires"] = hr["type"] == "Contractor" && hr["status"] == "Active" ? midnight_after(hr["end"]) : ""
  dir["phone"] = sprintf("+45 33 12 %02d %02d", random(100), random(100))
  dir["mobile"] = random(3) ? "" : sprintf("mobile: +45 20 %02d %02d %02d\n", random(100), random(100), random(100))
}

function move_from_elsewhere(    other) {  # HR has moved this person; the directory still has the former place
  do other = wheel[random(wheels)]; while (other == hr["department"])
  dir["department"] = other; dir["title"] = title_of[other, 1]; dir["cost"] = cost_of[other]
  dir["manager_dn"] = dn_of(manager_of(other))
  count("set", 3 + (dir["manager_dn"] != dn_of(hr["manager"])))
}

# Writes the entry and its memberships, and counts what a resync will change about them.
function write_entry(kind,    g, stranger) {
  if (kind == "mover") move_from_elsewhere()
  if (kind == "wrong-title") { dir["title"] = "Trainee"; count("set", 1) }
  if (kind == "leaver" || kind == "leave") { dir["disabled"] = 0; count("disable", 1) }
  person_entry(dir)
  split("", is_member)
  wanted_groups(dir["department"], dir["title"], dir["site"], dir["type"])
  if (kind == "lacks-group") delete want[group_number["all-staff"]]
  if (kind == "stranger") { stranger = hr["department"] == "Finance" ? "legal" : "finance"; wants(stranger) }
  if (hr["status"] != "Terminated" || kind == "leaver")
    for (g = 1; g <= groups; g++) if (g in want) join(g, dir["dn"], hr["uid"])
  if (hr["department"] == "IT" && hr["status"] == "Active" && on_call++ % 3 == 0) join(group_number["on-call"], dir["dn"], hr["uid"])
  wanted_groups(hr["department"], hr["title"], hr["site"], hr["type"])
  count_memberships(hr["status"] == "Terminated")
}

function person(i,    ordinary, kind, admin) {
  new_person(i)
  admin = admins < 2 && i > 20 && hr["department"] == "IT" && i % 12 != 2 && hr["status"] == "Active" && hr["start"] < today
  ordinary = i > 1 && !admin && i % 12 != 2 && hr["status"] == "Active" && hr["type"] == "Employee" && hr["start"] < today
  kind = difference_of(i, ordinary)
  if (kind == "leaver") { hr["status"] = "Terminated"; hr["end"] = today - 1 }
  if (kind == "leave") hr["status"] = "On Leave"
  print_record()
  if (hr["start"] > today) return
  if (kind == "joiner") {
    split("", is_member)
    wanted_groups(hr["department"], hr["title"], hr["site"], hr["type"])
    count("create", 1); count_memberships(0)
    return
  }
  directory_view()
  write_entry(kind)
  if (admin) { admins++; join(group_number["directory-admins"], dir["dn"], hr["uid"]) }
}

function frame(password,    d) {
  d = suffix; sub(/^dc=/, "", d); sub(/,.*/, "", d)
  printf "dn: %s\nobjectClass: domain\ndc: %s\n\n", suffix, d > ldif
  unit("people"); unit("groups"); unit("birthright,ou=groups"); unit("service"); unit("policies")
  printf "dn: cn=default,ou=policies,%s\nobjectClass: device\nobjectClass: pwdPolicy\ncn: default\npwdAttribute: userPassword\n" \
    "pwdLockout: TRUE\npwdMaxFailure: 5\npwdLockoutDuration: 300\n\n", suffix > ldif
  printf "dn: cn=svc-muster,ou=service,%s\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: svc-muster\n" \
    "description: the account of muster\n%s\n", suffix, attribute("userPassword", password) > ldif
  printf "dn: cn=nobody,ou=service,%s\nobjectClass: organizationalRole\ncn: nobody\n" \
    "description: keeps a groupOfNames from being empty\n\n", suffix > ldif
}

function unit(name,    ou) {
  ou = name; sub(/,.*/, "", ou)
  printf "dn: ou=%s,%s\nobjectClass: organizationalUnit\nou: %s\n\n", name, suffix, ou > ldif
}

function write_group(g,    line) {
  printf "dn: %s\nobjectClass: %s\ncn: %s\n", group_dn[g], group_class[g], group_name[g] > ldif
  if (group_class[g] == "posixGroup") printf "gidNumber: 5000\n" > ldif
  else if (!members[g]) print (group_class[g] == "groupOfNames" ? "member" : "uniqueMember") ": cn=nobody,ou=service," suffix > ldif
  close(group_file[g])
  while ((getline line < group_file[g]) > 0) print line > ldif
  close(group_file[g])
  print "" > ldif
}

BEGIN {
  seed = 20261123
  feed = out "/feed/hr.csv"; ldif = out "/directory.ldif"; tally = out "/expected.txt"
  init_codes(); init_names(); init_departments(); init_groups(); init_differences()
  print "Employee ID,Status,First Name,Last Name,Work Email,Department,Cost Center,Job Title,Site,Worker Type,Manager Email,Hire Date,Termination Date" > feed
  frame(ENVIRON["COMPANY_PASSWORD"])
  for (g = 1; g <= groups; g++) printf "" > group_file[g]
  for (i = 1; i <= people; i++) person(i)
  if (given_out < differences) { print "company: too few people for " differences " differences" > "/dev/stderr"; exit 1 }
  for (g = 1; g <= groups; g++) write_group(g)
  printf "" > tally
  for (action in expected) if (expected[action]) print action, expected[action] | ("sort > '" tally "'")
}
