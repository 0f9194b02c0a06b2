#include "agent/store/sqlite.h"

namespace muster::sql {

namespace {

[[noreturn]] void fail(sqlite3* db, int code, std::string_view doing) {
  const int primary = code & 0xff;
  Error e{Errc::io, "the state database: " + std::string(doing) + ": " + (db ? sqlite3_errmsg(db) : sqlite3_errstr(code)), ""};
  if (primary == SQLITE_FULL) e.hint = "free space on the disk that holds the state; nothing was lost";
  if (primary == SQLITE_BUSY) e.hint = "another muster process holds it; see `muster status`";
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) {
    e.code = Errc::corrupt;
    e.hint = "restore the file from a backup, or move it away and run `muster resync --full`";
  }
  if (primary == SQLITE_CANTOPEN || primary == SQLITE_READONLY || primary == SQLITE_PERM) {
    e.hint = "check that the folder of <state path=> exists and that this user may write there";
  }
  throw StoreFailure(std::move(e));
}

}  // namespace

Statement::Statement(sqlite3* db, const char* text) {
  sqlite3_stmt* raw = nullptr;
  if (const int rc = sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr); rc != SQLITE_OK)
    fail(db, rc, text);
  stmt_.reset(raw);
}

Statement& Statement::reset() {
  sqlite3_reset(stmt_.get());
  sqlite3_clear_bindings(stmt_.get());
  return *this;
}

Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(stmt_.get(), index, value);
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text64(stmt_.get(), index, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
  sqlite3_bind_blob64(stmt_.get(), index, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind_null(int index) {
  sqlite3_bind_null(stmt_.get(), index);
  return *this;
}

bool Statement::step() {
  const int rc = sqlite3_step(stmt_.get());
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  sqlite3* db = sqlite3_db_handle(stmt_.get());
  const std::string text = sqlite3_sql(stmt_.get());
  fail(db, rc, text.substr(0, 60));
}

void Statement::run() {
  while (step()) {}
  sqlite3_reset(stmt_.get());
}

std::string_view Statement::view(int column) const {
  const void* data = sqlite3_column_blob(stmt_.get(), column);
  return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(stmt_.get(), column))};
}

Database Database::open(const std::string& path, bool read_only) {
  Database d;
  sqlite3* raw = nullptr;
  const int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int rc = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  d.db_.reset(raw);
  if (rc != SQLITE_OK) fail(raw, rc, "opening " + path);
  sqlite3_busy_timeout(raw, 10000);
  if (!read_only) {
    d.exec("PRAGMA journal_mode=WAL");
    d.exec("PRAGMA synchronous=FULL");
  }
  d.exec("PRAGMA cache_size=-8192");
  d.exec("PRAGMA temp_store=FILE");
  d.exec("PRAGMA journal_size_limit=67108864");
  return d;
}

Statement& Database::cached(const char* literal) {
  auto& slot = cache_[literal];
  if (!slot) slot = std::make_unique<Statement>(db_.get(), literal);
  return slot->reset();
}

void Database::exec(const char* text) {
  if (const int rc = sqlite3_exec(db_.get(), text, nullptr, nullptr, nullptr); rc != SQLITE_OK) {
    fail(db_.get(), rc, std::string_view(text).substr(0, 60));
  }
}

}  // namespace muster::sql
