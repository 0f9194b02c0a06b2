// Private to transliterate.cpp: Unicode 15 by its decompositions, with what languages write instead (DIN 5007-2, ELOT 743,
// BGN/PCGN).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace muster::transliteration {

/// Characters from `first` on, each with its letters, closed by '|'.
struct Block {
  char32_t first;
  std::string_view letters;
};
inline constexpr std::array<Block, 48> kBlocks{{
    {0x00a0, " ||||||||||a|\"|||||||2|3|'|m||||1|o|\"|14|12|34"},
    {0x00c0, "A|A|A|A|Ae|A|Ae|C|E|E|E|E|I|I|I|I|D|N|O|O|O|O|Oe||O|U|U|U|Ue|Y|Th|ss"},
    {0x00e0, "a|a|a|a|ae|a|ae|c|e|e|e|e|i|i|i|i|d|n|o|o|o|o|oe||o|u|u|u|ue|y|th|y"},
    {0x0100, "A|a|A|a|A|a|C|c|C|c|C|c|C|c|D|d|D|d|E|e|E|e|E|e|E|e|E|e|G|g|G|g"},
    {0x0120, "G|g|G|g|H|h|H|h|I|i|I|i|I|i|I|i|I|i|Ij|ij|J|j|K|k|k|L|l|L|l|L|l|L"},
    {0x0140, "l|L|l|N|n|N|n|N|n|n|Ng|ng|O|o|O|o|O|o|Oe|oe|R|r|R|r|R|r|S|s|S|s|S|s"},
    {0x0160, "S|s|T|t|T|t|T|t|U|u|U|u|U|u|U|u|U|u|U|u|W|w|Y|y|Y|Z|z|Z|z|Z|z|s"},
    {0x0180, "b|B|B|b|||O|C|c|D|D|D|d||E|E|E|F|f|G|G|hv|I|I|K|k|l|l|M|N|n|O"},
    {0x01a0, "O|o|||P|p|R|||Sh||t|T|t|T|U|u|U|V|Y|y|Z|z|Zh||||||||w"},
    {0x01c0, "||||Dz|Dz|dz|Lj|Lj|lj|Nj|Nj|nj|A|a|I|i|O|o|U|u|Ue|ue|Ue|ue|Ue|ue|Ue|ue|e|Ae|ae"},
    {0x01e0, "A|a|Ae|ae|G|g|G|g|K|k|O|o|O|o|Zh||j|Dz|Dz|dz|G|g|Hv|W|N|n|A|a|Ae|ae|O|o"},
    {0x0200, "A|a|A|a|E|e|E|e|I|i|I|i|O|o|O|o|R|r|R|r|U|u|U|u|S|s|T|t|||H|h"},
    {0x0220, "|d|Ou|ou|Z|z|A|a|E|e|Oe|oe|O|o|O|o|O|o|Y|y|l|n|t|j|db|qp|A|C|c|L|T|s"},
    {0x0240, "z|||B|U|V|E|e|J|j|Q|q|R|r|Y|y"},
    {0x0370, "||||'||||||||||||||||||A|.|E|I|I||O||Y|O"},
    {0x0390, "i|A|V|G|D|E|Z|I|Th|I|K|L|M|N|X|O|P|R||S|T|Y|F|Ch|Ps|O|I|Y|a|e|i|i"},
    {0x03b0, "y|a|v|g|d|e|z|i|th|i|k|l|m|n|x|o|p|r|s|s|t|y|f|ch|ps|o|i|y|o|y|o"},
    {0x03d0, "v|th|Y|Y|Y|f|p"},
    {0x03f0, "k|r|s||Th|e||||S"},
    {0x0400, "E|E|Dj|Gj|Ye|Dz|I|Yi|J|Lj|Nj|C|Kj|I|U|Dz|A|B|V|G|D|E|Zh|Z|I|Y|K|L|M|N|O|P"},
    {0x0420, "R|S|T|U|F|Kh|Ts|Ch|Sh|Shch||Y||E|Yu|Ya|a|b|v|g|d|e|zh|z|i|y|k|l|m|n|o|p"},
    {0x0440, "r|s|t|u|f|kh|ts|ch|sh|shch||y||e|yu|ya|e|e|dj|gj|ye|dz|i|yi|j|lj|nj|c|kj|i|u|dz"},
    {0x0480, "||||||||||||||||G|g|G|g|||Zh|zh|Z|z|K|k"},
    {0x04a0, "Q|q|N|n|||||||S|s|||U|u|U|u|H|h|||J|j|||H|h"},
    {0x04c0, "|Zh|zh||||||||||||||A|a|A|a|||E|e|A|a|A|a|Zh|zh|Z|z"},
    {0x04e0, "||I|i|I|i|O|o|O|o|O|o|E|e|U|u|U|u|U|u|Ch|ch|||Y|y"},
    {0x1e00, "A|a|B|b|B|b|B|b|C|c|D|d|D|d|D|d|D|d|D|d|E|e|E|e|E|e|E|e|E|e|F|f"},
    {0x1e20, "G|g|H|h|H|h|H|h|H|h|H|h|I|i|I|i|K|k|K|k|K|k|L|l|L|l|L|l|L|l|M|m"},
    {0x1e40, "M|m|M|m|N|n|N|n|N|n|N|n|O|o|O|o|O|o|O|o|P|p|P|p|R|r|R|r|R|r|R|r"},
    {0x1e60, "S|s|S|s|S|s|S|s|S|s|T|t|T|t|T|t|T|t|U|u|U|u|U|u|U|u|U|u|V|v|V|v"},
    {0x1e80, "W|w|W|w|W|w|W|w|W|w|X|x|X|x|Y|y|Z|z|Z|z|Z|z|h|t|w|y|a|s|||SS"},
    {0x1ea0, "A|a|A|a|A|a|A|a|A|a|A|a|A|a|A|a|A|a|A|a|A|a|A|a|E|e|E|e|E|e|E|e"},
    {0x1ec0, "E|e|E|e|E|e|E|e|I|i|I|i|O|o|O|o|O|o|O|o|O|o|O|o|O|o|O|o|O|o|O|o"},
    {0x1ee0, "O|o|O|o|U|u|U|u|U|u|U|u|U|u|U|u|U|u|Y|y|Y|y|Y|y|Y|y"},
    {0x1f00, "a|a|a|a|a|a|a|a|A|A|A|A|A|A|A|A|e|e|e|e|e|e|||E|E|E|E|E|E"},
    {0x1f20, "i|i|i|i|i|i|i|i|I|I|I|I|I|I|I|I|i|i|i|i|i|i|i|i|I|I|I|I|I|I|I|I"},
    {0x1f40, "o|o|o|o|o|o|||O|O|O|O|O|O|||y|y|y|y|y|y|y|y||Y||Y||Y||Y"},
    {0x1f60, "o|o|o|o|o|o|o|o|O|O|O|O|O|O|O|O|a|a|e|e|i|i|i|i|o|o|y|y|o|o"},
    {0x1f80, "a|a|a|a|a|a|a|a|A|A|A|A|A|A|A|A|i|i|i|i|i|i|i|i|I|I|I|I|I|I|I|I"},
    {0x1fa0, "o|o|o|o|o|o|o|o|O|O|O|O|O|O|O|O|a|a|a|a|a||a|a|A|A|A|A|A||i"},
    {0x1fc0, "||i|i|i||i|i|E|E|I|I|I||||i|i|i|i|||i|i|I|I|I|I"},
    {0x1fe0, "y|y|y|y|r|r|y|y|Y|Y|Y|Y|R||||||o|o|o||o|o|O|O|O|O|O|'"},
    {0x2000, " | | | | | | | | | | ||||||-|-|-|-|-|-|||'|'|'|'|\"|\"|\""},
    {0x2020, "||||.|..|...|.|||||||| ||||||||||'|'"},
    {0xfb00, "ff|fi|fl|ffi|ffl|st|st"},
    {0xff10, "0|1|2|3|4|5|6|7|8|9||||||||A|B|C|D|E|F|G|H|I|J|K|L|M|N|O"},
    {0xff30, "P|Q|R|S|T|U|V|W|X|Y|Z|||||||a|b|c|d|e|f|g|h|i|j|k|l|m|n|o"},
    {0xff50, "p|q|r|s|t|u|v|w|x|y|z"},
}};

/// Every `step`-th character from `first` to `last` has its other case `delta` further.
struct CaseRun {
  char32_t first, last;
  std::int32_t step, delta;
};
inline constexpr std::array<CaseRun, 110> kLower{{
    {0x00c0, 0x00d6, 1, 32},    {0x00d8, 0x00de, 1, 32},    {0x0100, 0x012e, 2, 1},    {0x0132, 0x0136, 2, 1},
    {0x0139, 0x0147, 2, 1},     {0x014a, 0x0176, 2, 1},     {0x0178, 0x0178, 1, -121}, {0x0179, 0x017d, 2, 1},
    {0x0181, 0x0181, 1, 210},   {0x0182, 0x0184, 2, 1},     {0x0186, 0x0186, 1, 206},  {0x0187, 0x0187, 1, 1},
    {0x0189, 0x018a, 1, 205},   {0x018b, 0x018b, 1, 1},     {0x018e, 0x018e, 1, 79},   {0x018f, 0x018f, 1, 202},
    {0x0190, 0x0190, 1, 203},   {0x0191, 0x0191, 1, 1},     {0x0193, 0x0193, 1, 205},  {0x0194, 0x0194, 1, 207},
    {0x0196, 0x0196, 1, 211},   {0x0197, 0x0197, 1, 209},   {0x0198, 0x0198, 1, 1},    {0x019c, 0x019c, 1, 211},
    {0x019d, 0x019d, 1, 213},   {0x019f, 0x019f, 1, 214},   {0x01a0, 0x01a4, 2, 1},    {0x01a6, 0x01a6, 1, 218},
    {0x01a7, 0x01a7, 1, 1},     {0x01a9, 0x01a9, 1, 218},   {0x01ac, 0x01ac, 1, 1},    {0x01ae, 0x01ae, 1, 218},
    {0x01af, 0x01af, 1, 1},     {0x01b1, 0x01b2, 1, 217},   {0x01b3, 0x01b5, 2, 1},    {0x01b7, 0x01b7, 1, 219},
    {0x01b8, 0x01b8, 1, 1},     {0x01bc, 0x01bc, 1, 1},     {0x01c4, 0x01c4, 1, 2},    {0x01c5, 0x01c5, 1, 1},
    {0x01c7, 0x01c7, 1, 2},     {0x01c8, 0x01c8, 1, 1},     {0x01ca, 0x01ca, 1, 2},    {0x01cb, 0x01db, 2, 1},
    {0x01de, 0x01ee, 2, 1},     {0x01f1, 0x01f1, 1, 2},     {0x01f2, 0x01f4, 2, 1},    {0x01f6, 0x01f6, 1, -97},
    {0x01f7, 0x01f7, 1, -56},   {0x01f8, 0x021e, 2, 1},     {0x0220, 0x0220, 1, -130}, {0x0222, 0x0232, 2, 1},
    {0x023a, 0x023a, 1, 10795}, {0x023b, 0x023b, 1, 1},     {0x023d, 0x023d, 1, -163}, {0x023e, 0x023e, 1, 10792},
    {0x0241, 0x0241, 1, 1},     {0x0243, 0x0243, 1, -195},  {0x0244, 0x0244, 1, 69},   {0x0245, 0x0245, 1, 71},
    {0x0246, 0x024e, 2, 1},     {0x0370, 0x0372, 2, 1},     {0x0376, 0x0376, 1, 1},    {0x037f, 0x037f, 1, 116},
    {0x0386, 0x0386, 1, 38},    {0x0388, 0x038a, 1, 37},    {0x038c, 0x038c, 1, 64},   {0x038e, 0x038f, 1, 63},
    {0x0391, 0x03a1, 1, 32},    {0x03a3, 0x03ab, 1, 32},    {0x03cf, 0x03cf, 1, 8},    {0x03d8, 0x03ee, 2, 1},
    {0x03f4, 0x03f4, 1, -60},   {0x03f7, 0x03f7, 1, 1},     {0x03f9, 0x03f9, 1, -7},   {0x03fa, 0x03fa, 1, 1},
    {0x03fd, 0x03ff, 1, -130},  {0x0400, 0x040f, 1, 80},    {0x0410, 0x042f, 1, 32},   {0x0460, 0x0480, 2, 1},
    {0x048a, 0x04be, 2, 1},     {0x04c0, 0x04c0, 1, 15},    {0x04c1, 0x04cd, 2, 1},    {0x04d0, 0x052e, 2, 1},
    {0x1e00, 0x1e94, 2, 1},     {0x1e9e, 0x1e9e, 1, -7615}, {0x1ea0, 0x1efe, 2, 1},    {0x1f08, 0x1f0f, 1, -8},
    {0x1f18, 0x1f1d, 1, -8},    {0x1f28, 0x1f2f, 1, -8},    {0x1f38, 0x1f3f, 1, -8},   {0x1f48, 0x1f4d, 1, -8},
    {0x1f59, 0x1f5f, 2, -8},    {0x1f68, 0x1f6f, 1, -8},    {0x1f88, 0x1f8f, 1, -8},   {0x1f98, 0x1f9f, 1, -8},
    {0x1fa8, 0x1faf, 1, -8},    {0x1fb8, 0x1fb9, 1, -8},    {0x1fba, 0x1fbb, 1, -74},  {0x1fbc, 0x1fbc, 1, -9},
    {0x1fc8, 0x1fcb, 1, -86},   {0x1fcc, 0x1fcc, 1, -9},    {0x1fd8, 0x1fd9, 1, -8},   {0x1fda, 0x1fdb, 1, -100},
    {0x1fe8, 0x1fe9, 1, -8},    {0x1fea, 0x1feb, 1, -112},  {0x1fec, 0x1fec, 1, -7},   {0x1ff8, 0x1ff9, 1, -128},
    {0x1ffa, 0x1ffb, 1, -126},  {0x1ffc, 0x1ffc, 1, -9},
}};
inline constexpr std::array<CaseRun, 96> kUpper{{
    {0x00e0, 0x00f6, 1, -32},   {0x00f8, 0x00fe, 1, -32},  {0x00ff, 0x00ff, 1, 121},   {0x0101, 0x012f, 2, -1},
    {0x0131, 0x0131, 1, -232},  {0x0133, 0x0137, 2, -1},   {0x013a, 0x0148, 2, -1},    {0x014b, 0x0177, 2, -1},
    {0x017a, 0x017e, 2, -1},    {0x017f, 0x017f, 1, -300}, {0x0180, 0x0180, 1, 195},   {0x0183, 0x0185, 2, -1},
    {0x0188, 0x0188, 1, -1},    {0x018c, 0x018c, 1, -1},   {0x0192, 0x0192, 1, -1},    {0x0195, 0x0195, 1, 97},
    {0x0199, 0x0199, 1, -1},    {0x019a, 0x019a, 1, 163},  {0x019e, 0x019e, 1, 130},   {0x01a1, 0x01a5, 2, -1},
    {0x01a8, 0x01a8, 1, -1},    {0x01ad, 0x01ad, 1, -1},   {0x01b0, 0x01b0, 1, -1},    {0x01b4, 0x01b6, 2, -1},
    {0x01b9, 0x01b9, 1, -1},    {0x01bd, 0x01bd, 1, -1},   {0x01bf, 0x01bf, 1, 56},    {0x01c5, 0x01c5, 1, -1},
    {0x01c6, 0x01c6, 1, -2},    {0x01c8, 0x01c8, 1, -1},   {0x01c9, 0x01c9, 1, -2},    {0x01cb, 0x01cb, 1, -1},
    {0x01cc, 0x01cc, 1, -2},    {0x01ce, 0x01dc, 2, -1},   {0x01dd, 0x01dd, 1, -79},   {0x01df, 0x01ef, 2, -1},
    {0x01f2, 0x01f2, 1, -1},    {0x01f3, 0x01f3, 1, -2},   {0x01f5, 0x01f5, 1, -1},    {0x01f9, 0x021f, 2, -1},
    {0x0223, 0x0233, 2, -1},    {0x023c, 0x023c, 1, -1},   {0x023f, 0x0240, 1, 10815}, {0x0242, 0x0242, 1, -1},
    {0x0247, 0x024f, 2, -1},    {0x0371, 0x0373, 2, -1},   {0x0377, 0x0377, 1, -1},    {0x037b, 0x037d, 1, 130},
    {0x03ac, 0x03ac, 1, -38},   {0x03ad, 0x03af, 1, -37},  {0x03b1, 0x03c1, 1, -32},   {0x03c2, 0x03c2, 1, -31},
    {0x03c3, 0x03cb, 1, -32},   {0x03cc, 0x03cc, 1, -64},  {0x03cd, 0x03ce, 1, -63},   {0x03d0, 0x03d0, 1, -62},
    {0x03d1, 0x03d1, 1, -57},   {0x03d5, 0x03d5, 1, -47},  {0x03d6, 0x03d6, 1, -54},   {0x03d7, 0x03d7, 1, -8},
    {0x03d9, 0x03ef, 2, -1},    {0x03f0, 0x03f0, 1, -86},  {0x03f1, 0x03f1, 1, -80},   {0x03f2, 0x03f2, 1, 7},
    {0x03f3, 0x03f3, 1, -116},  {0x03f5, 0x03f5, 1, -96},  {0x03f8, 0x03f8, 1, -1},    {0x03fb, 0x03fb, 1, -1},
    {0x0430, 0x044f, 1, -32},   {0x0450, 0x045f, 1, -80},  {0x0461, 0x0481, 2, -1},    {0x048b, 0x04bf, 2, -1},
    {0x04c2, 0x04ce, 2, -1},    {0x04cf, 0x04cf, 1, -15},  {0x04d1, 0x052f, 2, -1},    {0x1e01, 0x1e95, 2, -1},
    {0x1e9b, 0x1e9b, 1, -59},   {0x1ea1, 0x1eff, 2, -1},   {0x1f00, 0x1f07, 1, 8},     {0x1f10, 0x1f15, 1, 8},
    {0x1f20, 0x1f27, 1, 8},     {0x1f30, 0x1f37, 1, 8},    {0x1f40, 0x1f45, 1, 8},     {0x1f51, 0x1f57, 2, 8},
    {0x1f60, 0x1f67, 1, 8},     {0x1f70, 0x1f71, 1, 74},   {0x1f72, 0x1f75, 1, 86},    {0x1f76, 0x1f77, 1, 100},
    {0x1f78, 0x1f79, 1, 128},   {0x1f7a, 0x1f7b, 1, 112},  {0x1f7c, 0x1f7d, 1, 126},   {0x1fb0, 0x1fb1, 1, 8},
    {0x1fbe, 0x1fbe, 1, -7205}, {0x1fd0, 0x1fd1, 1, 8},    {0x1fe0, 0x1fe1, 1, 8},     {0x1fe5, 0x1fe5, 1, 7},
}};

}  // namespace muster::transliteration
