"""Names in plain letters, for the oracle: what people write where a machine takes no others."""
import unicodedata

WRITTEN = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "å": "a", "æ": "ae", "ł": "l", "đ": "d", "ı": "i", "þ": "th", "ð": "d"}
WRITTEN.update(zip("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o".split()))
WRITTEN.update(zip("абвгдезийклмнопрстуфъьыэ", ["a", "b", "v", "g", "d", "e", "z", "i", "i", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "", "", "y", "e"]))


def plain(text):
    out = before = ""
    for letter in text:
        small = letter.lower()
        # The one pair of Greek letters that is written otherwise than each alone: Papadopoulos.
        bare = unicodedata.normalize("NFKD", small)[:1]
        written = "u" if before == "ο" and bare == "υ" else WRITTEN.get(small)
        before = bare
        if written is None:
            stripped = "".join(c for c in unicodedata.normalize("NFKD", small) if not unicodedata.combining(c))
            written = "".join(WRITTEN.get(c, c) for c in stripped)
        out += written.capitalize() if letter != small else written
    return out
