// First passwords: made here, told to nobody but whom the rules name.
#pragma once

#include <string>

#include "mapping/rules.h"
#include "schema/change.h"
#include "schema/ids.h"
#include "schema/result.h"

namespace muster {

/// `length` characters (at least 12), of each kind that password policies ask for, without those that look alike. Errc::io: the
/// system has no random numbers.
Result<Secret> random_password(std::size_t length);

/// What a server stores for a password that nobody will ever use: salted SHA-1 of RFC 2307 schemes, which every OpenLDAP knows.
/// Good for long random passwords only.
Result<std::string> salted_hash(const Secret& password);

/// Hands `password` of the account over as the rule says. Runs the command to its end, with MUSTER_PERSON and MUSTER_DN in its
/// environment and the password alone on its standard input; then the text is empty. Or gives the JWE that upstream is to be told,
/// of {"person", "dn", "password"}.
Result<std::string> hand_over(const Secret& password, const Change& account, const PasswordRule& rule);

}  // namespace muster
