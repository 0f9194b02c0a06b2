// One line for the service manager: what `systemctl status` shows.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace muster {

/// Of what LiveStatus knows. What needs somebody comes first: "2 holds wait for approval; following 500 people in ldaps://dc1 ...".
/// `reload`: what came of the last SIGHUP, while that was an error; empty otherwise.
std::string status_line(const nlohmann::json& live, std::size_t people, std::size_t holds, const std::string& reload);

}  // namespace muster
