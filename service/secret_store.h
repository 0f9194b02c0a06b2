// Secrets have names; configuration never holds their values.
#pragma once

#include <string>

#include "schema/ids.h"
#include "schema/result.h"

namespace muster {

/// Looks in the service manager's credentials ($CREDENTIALS_DIRECTORY: `name`, then secrets_`name`, which is what LoadCredential=
/// of a whole folder makes), then in `folder`/secrets/`name`. One line feed at the end does not count. Errc::config: there is none,
/// its name is no plain file name, or others than its owner can read the file. On
/// Windows the file is protected by DPAPI for this machine; one that is not must be readable by administrators and the service
/// only.
Result<Secret> read_secret(const std::string& name, const std::string& folder);

/// Keeps a secret where read_secret() finds it, in the place of one of that name. Where that is. Errc::config: no plain
/// file name; Errc::io: it cannot be written, and the former one is still there.
Result<std::string> store_secret(const std::string& name, const std::string& folder, const Secret& secret);

/// A secret in a file of its own, such as a private key. Errc::config: there is none, or others than its owner can read it.
Result<Secret> read_secret_file(const std::string& path);

/// The same into the new file `path`. Errc::io: there is one of that name, or it cannot be written; then there is none.
Status make_secret_file(const std::string& path, const Secret& secret);

}  // namespace muster
