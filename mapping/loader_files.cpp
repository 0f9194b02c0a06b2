#include "mapping/loader_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "mapping/loader_values.h"
#include "mapping/path_pattern.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNamespace = "urn:muster:config:1";

Result<std::string> read_file(const std::string& path) {
  std::error_code fault;
  if (!fs::exists(path, fault)) return Error{Errc::not_found, "there is no file " + path, ""};
  if (fs::is_directory(path, fault)) return Error{Errc::io, path + " is a folder", ""};
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return Error{Errc::io, path + " cannot be read", "check its permissions"};
  return std::move(text).str();
}

std::string absolute(const std::string& path) {
  std::error_code ignored;
  return fs::absolute(path, ignored).lexically_normal().string();
}

}  // namespace

ConfigFiles ConfigFiles::on_disk() { return {read_file, files_matching}; }

ConfigFiles ConfigFiles::with_mappings(std::map<std::string, std::string> given) {
  ConfigFiles files;
  std::map<std::string, std::string> mappings;
  for (auto& [path, text] : given) mappings[absolute(path)] = std::move(text);
  files.glob = [mappings](const std::string& pattern) {
    std::vector<std::string> found;
    for (const auto& [path, ignored] : mappings) {
      if (matches_path(pattern, path)) found.push_back(path);
    }
    return found;
  };
  files.read = [mappings = std::move(mappings)](const std::string& path) -> Result<std::string> {
    const auto found = mappings.find(path);
    return found == mappings.end() ? read_file(path) : found->second;
  };
  return files;
}

/// Files below muster.xml's folder by the rest of their path, as rules name them everywhere; others in full.
std::string FileSet::shown_as(const std::string& path) const {
  const std::string folder = (fs::path(all_.front()->folder) / "").string();
  return path.starts_with(folder) ? fs::path(path.substr(folder.size())).generic_string() : path;
}

const SourceFile* FileSet::read(const std::string& path, const std::string& shown, const Element* includer) {
  auto text = files_.read(path);
  if (!text) {
    const Error& e = text.error();
    complaints_.error(includer ? includer->in("path") : Location{shown, 0, 0}, e.what, e.hint);
    complete_ = false;
    return nullptr;
  }
  const std::string folder = fs::path(path).parent_path().string();
  all_.push_back(std::make_unique<SourceFile>(SourceFile{SourceText(shown, std::move(*text)), path, folder, {}}));
  SourceFile& file = *all_.back();
  by_path_[path] = &file;
  const XsdCheck::Outcome outcome = xsd_->check(file.text.text());
  if (const auto& fault = outcome.not_xml) {
    complaints_.error({shown, fault->line, fault->column}, fault->what, fault->hint);
    complete_ = false;
    return nullptr;
  }
  file.document.load_buffer(file.text.text().data(), file.text.text().size(), pugi::parse_default, pugi::encoding_utf8);
  complain_about(Element(file.document.document_element(), file, complaints_), outcome.faults, grammar_);
  return &file;
}

std::optional<Element> FileSet::read_main(const std::string& name) {
  auto xsd = XsdCheck::compile(config_xsd(), std::string(kNamespace));
  if (!xsd) {
    complaints_.error({name, 0, 0}, xsd.error().what, xsd.error().hint);
    return std::nullopt;
  }
  xsd_ = std::move(*xsd);
  const SourceFile* file = read(absolute(name), name, nullptr);
  if (!file) return std::nullopt;
  const Element root(file->document.document_element(), *file, complaints_);
  if (root.name() == "muster") return root;
  if (root.name() == "mapping") root.wrong("this is a file of rules (<mapping>)", "name muster.xml, which includes it");
  return std::nullopt;
}

std::vector<Element> FileSet::read_mappings(const Element& root) {
  std::vector<Element> mappings;
  Chain chain{&root.file()};
  follow(root, chain, mappings);
  return mappings;
}

void FileSet::follow(const Element& root, Chain& chain, std::vector<Element>& mappings) {
  for (const Element& element : root.children("include")) {
    const std::string pattern = read_path(element, "path");
    if (pattern.empty()) continue;
    const std::vector<std::string> found = files_.glob(pattern);
    if (found.empty()) nothing_found(element, pattern);
    for (const std::string& path : found) include(element, path, chain, mappings);
  }
}

void FileSet::nothing_found(const Element& include, const std::string& pattern) {
  const std::string path = include.text("path");
  if (has_wildcard(pattern)) return include.warn(include.in("path"), "no file matches '" + path + "'", "");
  complete_ = false;
  const fs::path whole(pattern);
  std::vector<std::string> neighbours;
  for (const std::string& near : files_.glob((whole.parent_path() / "*").string()))
    neighbours.push_back(fs::path(near).filename().string());
  include.wrong_in("path", "there is no file '" + path + "'",
                   did_you_mean(whole.filename().string(), neighbours, "it is looked for at " + pattern));
}

bool FileSet::leads_back(const Element& include, const std::string& path, const Chain& chain) const {
  const auto found = std::find_if(chain.begin(), chain.end(), [&](const SourceFile* f) { return f->path == path; });
  if (found == chain.end()) return false;
  std::string way;
  for (auto file = found; file != chain.end(); ++file) way += (*file)->text.file() + " -> ";
  include.wrong_in("path", "this <include> leads back to " + (*found)->text.file() + " (" + way + (*found)->text.file() + ")",
                   "let files of rules include only files that do not include them");
  return true;
}

void FileSet::include(const Element& include, const std::string& path, Chain& chain, std::vector<Element>& mappings) {
  if (leads_back(include, path, chain)) return;
  if (by_path_.count(path)) {
    return include.warn(include.in("path"), by_path_[path]->text.file() + " is included twice", "it is read once");
  }
  const SourceFile* file = read(path, shown_as(path), &include);
  if (!file) return;
  const Element root(file->document.document_element(), *file, complaints_);
  if (root.name() == "muster") root.wrong("<muster> stands in an included file", "included files are <mapping>");
  if (root.name() != "mapping") {
    complete_ = false;
    return;
  }
  mappings.push_back(root);
  chain.push_back(file);
  follow(root, chain, mappings);
  chain.pop_back();
}

std::map<std::string, std::string> FileSet::texts() const {
  std::map<std::string, std::string> texts;
  for (const auto& file : all_) texts[file->path] = file->text.text();
  return texts;
}

std::vector<std::string> FileSet::mapping_paths() const {
  std::vector<std::string> paths;
  for (std::size_t i = 1; i < all_.size(); ++i) paths.push_back(all_[i]->path);
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace muster
