#include "agent/store/store.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "agent/store/impl.h"
#include "service/durable_file.h"

namespace muster {

EntryId entry_id_of(std::string_view bytes) {
  std::array<std::uint8_t, 16> id{};
  std::memcpy(id.data(), bytes.data(), std::min<std::size_t>(bytes.size(), id.size()));
  return EntryId(id);
}

Dn stored_dn(std::string_view text) {
  auto dn = Dn::parse(text);
  return dn ? std::move(*dn) : Dn{};
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store::~Store() = default;

namespace {

/// Passwords are not in it, but everybody's data is. SQLite gives its other files the rights of this one.
void create_private(const std::string& path) {
  if (std::filesystem::exists(path)) return;
  if (!std::ofstream(path)) return;  // opening the database says why
  std::error_code failed;
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, failed);
  if (failed) throw StoreFailure({Errc::io, "making " + path + " private: " + failed.message(), ""});
}

}  // namespace

Store Store::open(const std::string& path) {
  create_private(path);
  give_to_owner_of_folder(path);
  auto impl = std::make_unique<Impl>(Impl{sql::Database::open(path, false), {}});
  migrate(impl->db);
  return Store(std::move(impl));
}

Store Store::open_read_only(const std::string& path) {
  return Store(std::make_unique<Impl>(Impl{sql::Database::open(path, true), {}}));
}

Store Store::copy_of(const std::string& path, const std::string& copy) {
  auto from = sql::Database::open(path, true);
  auto to = sql::Database::open(copy, false);
  sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  const int rc = backup ? sqlite3_backup_step(backup, -1) : SQLITE_ERROR;
  if (backup) sqlite3_backup_finish(backup);
  if (rc != SQLITE_DONE) throw StoreFailure({Errc::io, "copying the state database to " + copy + ": " + sqlite3_errstr(rc), ""});
  to.exec("PRAGMA synchronous=OFF");
  auto impl = std::make_unique<Impl>(Impl{std::move(to), {}});
  migrate(impl->db);
  return Store(std::move(impl));
}

Store::Transaction::Transaction(Store& store) : store_(&store) { store.impl_->db.exec("BEGIN IMMEDIATE"); }
Store::Transaction::~Transaction() {
  if (store_ && store_->impl_->db.in_transaction()) sqlite3_exec(store_->impl_->db.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}
void Store::Transaction::commit() {
  store_->impl_->db.exec("COMMIT");
  store_ = nullptr;
}

std::string Store::meta(std::string_view key) {
  auto& s = with(impl_->db.cached("SELECT value FROM meta WHERE key=?"), key);
  const sql::Rewind rewind(s);
  return s.step() ? s.text(0) : std::string();
}
void Store::set_meta(std::string_view key, std::string_view value) {
  with(impl_->db.cached("INSERT INTO meta VALUES(?,?) ON CONFLICT DO UPDATE SET value=excluded.value"), key, value).run();
}

std::optional<Store::Cursor> Store::cursor(const std::string& stream) {
  auto& s = with(impl_->db.cached("SELECT cookie, params FROM cursor WHERE stream=?"), std::string_view(stream));
  const sql::Rewind rewind(s);
  if (!s.step()) return std::nullopt;
  return Cursor{s.text(0), s.text(1)};
}
void Store::set_cursor(const std::string& stream, const std::string& cookie, const std::string& params) {
  auto& s =
      impl_->db.cached("INSERT INTO cursor VALUES(?,?,?) ON CONFLICT DO UPDATE SET cookie=excluded.cookie, params=excluded.params");
  s.bind(1, std::string_view(stream)).bind_blob(2, cookie).bind(3, std::string_view(params)).run();
}
void Store::forget_cursors() { impl_->db.exec("DELETE FROM cursor"); }
void Store::forget_cookies() { impl_->db.exec("UPDATE cursor SET cookie=''"); }

}  // namespace muster
