// One error type for the whole program: a kind for the code, a sentence for the person, a hint for the operator.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace muster {

/// What kind of trouble it is; the engine decides from this alone what happens next.
enum class Errc {
  config,        ///< the configuration or the command line is wrong; nothing was done
  unreachable,   ///< no answer from a server, or the connection broke: the same call may succeed later
  refused,       ///< the server said no: rights, schema, policy
  conflict,      ///< somebody else wrote first: read again, plan again
  not_found,     ///< the entry, attribute or record does not exist
  stale_cursor,  ///< a cookie that the server no longer honours: compare everything
  untrusted,     ///< a read that may be incomplete: nobody is changed because of it
  corrupt,       ///< stored data contradicts itself
  io,            ///< a local file, socket or database failed
  cancelled,     ///< asked to stop
};

/// An error as the user reads it. `what` is a sentence that says what and where; `hint` says what to do, or is empty.
struct Error {
  Errc code = Errc::io;
  std::string what;
  std::string hint;

  /// The same error seen from further out: "corp: reading people: ...".
  Error within(std::string_view doing) && {
    what.insert(0, std::string(doing) + ": ");
    return std::move(*this);
  }
  /// Sentence and hint in one line, for logs.
  std::string text() const { return hint.empty() ? what : what + " (" + hint + ")"; }
};

/// A value or an Error. Member names follow std::expected. Reading the wrong side is a programming error
/// (std::bad_variant_access).
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : v_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return v_.index() == 0; }
  T& value() & { return std::get<0>(v_); }
  const T& value() const& { return std::get<0>(v_); }
  T&& value() && { return std::get<0>(std::move(v_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Error& error() & { return std::get<1>(v_); }
  const Error& error() const& { return std::get<1>(v_); }
  Error&& error() && { return std::get<1>(std::move(v_)); }

 private:
  std::variant<T, Error> v_;
};

using Status = Result<std::monostate>;
inline Status ok() { return std::monostate{}; }

}  // namespace muster

/// Hands an error on to the caller: MUSTER_TRY(store.commit());
#define MUSTER_TRY(expression)                                                                                  \
  do {                                                                                                          \
    if (auto muster_try_status = (expression); !muster_try_status) return std::move(muster_try_status).error(); \
  } while (false)
