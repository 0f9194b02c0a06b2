// The chapter of bad configurations that is about unique names and first passwords.
#pragma once

#include "tests/unit/mapping/bad_config.h"

namespace muster::test {

// clang-format off
inline Chapter names_chapter() {
  return {"Names and first passwords",
     {
       {"a length without uniqueness",
        {{kRules, R"~(value="first")~", R"~(value="first" max-length="20")~"}},
        {R"~(mapping.d/rules.xml:4:58: 'max-length' is about values that nobody else has; add unique="true", or remove it; substring() shortens other values)~"}},
       {"reuse without uniqueness",
        {{kRules, R"~(value="first")~", R"~(value="first" unique="false" reuse-after="2w")~"}},
        {R"~(mapping.d/rules.xml:4:73: 'reuse-after' is about values that nobody else has; add unique="true", or remove it; substring() shortens other values)~"}},
       {"reuse after no duration",
        {{kRules, R"~(value="first")~", R"~(value="first" unique="true" reuse-after="2 years")~"}},
        {"mapping.d/rules.xml:4:85: '2 years' is no duration; write never, 30d, 26w or P30D; months have no fixed length"}},
       {"unique without a field",
        {{kRules, R"~(value="first")~", R"~(value="'ann'" unique="true")~"}},
        {R"~(mapping.d/rules.xml:4:51: "'ann'" is the same for everybody, but the value is to be unique; name a field of the feed)~"}},
       {"unique, of the directory",
        {{kRules, R"~(owner="directory")~", R"~(owner="directory" unique="true")~"}},
        {R"~(mapping.d/rules.xml:5:46: 'unique' has no meaning for an attribute that the directory owns; remove it, or write owner="hr")~"}},
       {"a number in a value that is not unique",
        {{kRules, R"~(value="first")~", R"~(value="concat(first, $number)")~"}},
        {R"~(mapping.d/rules.xml:4:65: '$number' has no meaning here; it numbers names: <joiner rdn> and attributes with unique="true")~"}},
       {"a password for nobody",
        {{kRules, R"~(days-before="7")~", R"~(days-before="7" password="hand-over")~"}},
        {R"~(mapping.d/rules.xml:13:114: 'hand-over' does not say to whom; add <password command="..."/> or <password encrypt-to="key.pem"/> to <joiner>)~"}},
       {"a password that is not handed over",
        {{kRules, R"~(days-before="7"/>)~", R"~(days-before="7"><password command="/bin/true"/></joiner>)~"}},
        {R"~(mapping.d/rules.xml:13:114: <password> says to whom a password is handed over, but none is; write <joiner password="hand-over" ...>)~"}},
       {"a password handed over in two ways",
        {{kRules, R"~(days-before="7"/>)~", R"~(days-before="7" password="hand-over"><password command="/bin/true" encrypt-to="k.pem"/></joiner>)~"}},
        {R"~(mapping.d/rules.xml:13:135: <password> hands over in two ways; write command="/path/of/a/program" or encrypt-to="key.pem")~"}},
       {"a password that is handed over to a program somewhere",
        {{kRules, R"~(days-before="7"/>)~", R"~(days-before="7" password="hand-over"><password command="vault put"/></joiner>)~"}},
        {"mapping.d/rules.xml:13:154: 'vault' is no absolute path; write where the program lies"}},
       {"a password that is too short",
        {{kRules, R"~(days-before="7"/>)~", R"~(days-before="7" password="hand-over" password-length="8"><password command="/bin/true"/></joiner>)~"}},
        {"mapping.d/rules.xml:13:152: a first password has 12 to 127 characters; write 20, for example"}},
     }};
}
// clang-format on

}  // namespace muster::test
