"""What stands on plates: templates by country, and how such a plate looks.

In a template L is a letter, N a digit, a space a gap, "-" a dash that is drawn
and "o" a round emblem or sticker (neither is read). Lower-case words in braces
stand for fixed choices. Everything else is itself.
"""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SIV = "ABCDEFGHJKLMNPQRSTVWXYZ"  # French since 2009: no I, O, U
ES = "BCDFGHJKLMNPRSTVWXYZ"
ALIKE = ["WMNHVK", "B8R3", "O0DQC", "6GC8", "S58", "1IJLT", "Z27", "E3F", "HMNWX", "VUWY", "AR4", "W", "9035"]  # told apart by little
CYRILLIC = "ABEKMHOPCTYX"

RO = ["AB", "AR", "AG", "BC", "BH", "BN", "BR", "BT", "BV", "BZ", "CS", "CL", "CJ", "CT", "CV", "DB", "DJ", "GL", "GR",
      "GJ", "HR", "HD", "IL", "IS", "IF", "MM", "MH", "MS", "NT", "OT", "PH", "SM", "SJ", "SB", "SV", "TR", "TM", "TL",
      "VS", "VL", "VN", "B", "B", "B"]
SK = ["BA", "BL", "KE", "RK", "LM", "NO", "PD", "SI", "SA", "ZA", "ZV", "MT", "PO", "PP", "TN", "TT", "NR", "NZ", "DS",
      "GA", "BB", "BY", "CA", "DK", "KM", "KN", "LC", "LV", "MA", "MI", "NM", "PB", "PE", "PU", "RA", "RV", "SC", "SE",
      "SK", "SL", "SN", "SP", "TO", "TS", "TV", "VK", "VT", "ZC", "ZH", "ZM", "IL", "MY", "ML", "HE", "HC", "DT", "BJ"]
HR = ["ZG", "ST", "RI", "OS", "PU", "ZD", "SB", "KA", "VZ", "SI", "DU", "BJ", "KC", "CK", "GS", "VK", "VU", "NA"]
DE = ["B", "M", "HH", "K", "F", "S", "D", "DO", "E", "HB", "L", "DD", "H", "N", "BO", "WI", "MS", "KA", "MA", "A", "AC",
      "BI", "BN", "FR", "HAL", "KS", "LB", "OF", "RE", "STA", "TUT", "ZW", "WES", "UL", "OG", "PI", "ROW", "SHG", "VER"]
SI = ["LJ", "MB", "CE", "GO", "KK", "KP", "KR", "MS", "NM", "PO", "SG"]
CH = ["ZH", "BE", "LU", "UR", "SZ", "OW", "NW", "GL", "ZG", "FR", "SO", "BS", "BL", "SH", "AR", "AI", "SG", "GR", "AG",
      "TG", "TI", "VD", "VS", "NE", "GE", "JU"]
AT = ["W", "G", "L", "S", "I", "K", "B", "GU", "LL", "WU", "BN", "MD", "KO", "TU", "FK", "DO", "VI", "WL", "IM", "KU"]

# (weight, templates, letters, prefixes for P, look)
# look: background, text, band sides, gap marks
WHITE, YELLOW = "white", "yellow"
COUNTRIES = [
    (14, ["LL-NNN-LL"], SIV, None, dict(bg=[WHITE], bands="LR", code="F", dash=.9)),
    (5, ["NNN LL NN", "NNNN LL NN", "NNN LLL NN", "NN LLL NN", "NNNN LL NA", "NNNN LL NB"], LETTERS, None,
     dict(bg=[WHITE, YELLOW], bands="L", code="F", dash=0)),
    (8, ["P LL NNN", "P LL NNNN", "P L NNN", "P L NNNN", "PoLL NNN", "PoLL NNNN", "PoL NNN", "PoL NN"], LETTERS, DE,
     dict(bg=[WHITE], bands="L", code="D", dash=0)),
    (6, ["LL NNNLL", "LLoNNNLL", "LL NNN LL"], SIV, None, dict(bg=[WHITE], bands="LR", code="I", dash=.2)),
    (5, ["NNNN LLL"], ES, None, dict(bg=[WHITE], bands="L", code="E", dash=.1)),
    (4, ["NN-LL-NN", "LL-NN-NN", "NN-NN-LL", "LL-NN-LL"], LETTERS, None, dict(bg=[WHITE], bands="LR", code="P", dash=.9)),
    (7, ["P NN LLL", "P NNN LLL", "P-NN-LLL"], LETTERS, RO, dict(bg=[WHITE], bands="L", code="RO", dash=.3)),
    (10, ["P NNN LL", "PoNNNLL", "P-NNNLL", "PoNNN LL"], LETTERS, SK, dict(bg=[WHITE], bands="L", code="SK", dash=.5)),
    (8, ["NLN NNNN", "NLNoNNNN", "NL NN NNN", "LLL NN-NN"], "ABCEHJKLMPSTUZ", None, dict(bg=[WHITE], bands="L", code="CZ", dash=.3)),
    (7, ["LL NNNNN", "LL NNNNL", "LLL NNNN", "LLL LNNN", "LLoNNNNN", "LL LNNNN", "LLLoNNLL", "LLL NNNNN"], LETTERS, None,
     dict(bg=[WHITE], bands="L", code="PL", dash=0)),
    (4, ["PoNNN-LL", "PoNNNN-LL", "P NNNN LL", "P NNN LL"], LETTERS, HR, dict(bg=[WHITE], bands="L", code="HR", dash=.9)),
    (4, ["N-LLL-NNN", "LLL-NNN", "NNN-LLL"], LETTERS, None, dict(bg=[WHITE], red=.85, bands="L", code="B", dash=.9)),
    (4, ["NN-LLL-N", "LL-NNN-L", "L-NNN-LL", "NN-LL-LL", "LL-LL-NN"], "BDFGHJKLNPRSTVXZ", None, dict(bg=[YELLOW], bands="L", code="NL", dash=.95)),
    (5, ["LLNN LLL", "LNNN LLL", "LLL NNNL"], LETTERS, None, dict(bg=[WHITE, YELLOW], bands="L", bandp=.4, code="GB", dash=0)),
    (2, ["LL NNNN", "LL NNN"], LETTERS, None, dict(bg=[YELLOW], bands="L", code="L", dash=0)),
    (2, ["PoNNNNNN", "P NNNNN", "P·NNN·NNN"], LETTERS, CH, dict(bg=[WHITE], bands="", code="CH", dash=0)),
    (3, ["PoNNNNL", "PoNNNLL", "P NNNNNL", "P NNNLL"], LETTERS, AT, dict(bg=[WHITE], bands="L", code="A", dash=0)),
    (3, ["LLL NNN", "LLL-NNN", "LLL NNL", "LLLoNNN"], LETTERS, None, dict(bg=[WHITE], bands="L", code="S", dash=.6)),
    (2, ["LL NNNNN", "LL NN NNN"], LETTERS, None, dict(bg=[WHITE], bands="L", bandp=.6, code="N", dash=0)),
    (2, ["NNN LLL"], LETTERS, None, dict(bg=[WHITE], bands="L", code="EST", dash=0)),
    (4, ["LLL-NNN", "LLLL-NNN", "LL LL-NNN"], LETTERS, None, dict(bg=[WHITE], bands="L", code="H", dash=.9)),
    (3, ["LNNNNLL", "LL NNNN LL", "LLNNNNLL"], CYRILLIC, None, dict(bg=[WHITE], bands="L", code="BG", dash=0)),
    (3, ["PoLL-NNN", "PoNN-LLL", "P LLNNN"], LETTERS, SI, dict(bg=[WHITE], bands="L", code="SLO", dash=.8)),
    (2, ["NN-L-NNNN", "NNN-LL-NNN", "NNN-L-NNNNN"], LETTERS, None, dict(bg=[WHITE], bands="L", code="IRL", dash=.9)),
    (2, ["LLL-NNNN"], CYRILLIC, None, dict(bg=[WHITE], bands="L", code="GR", dash=.8)),
]
AMERICAN = ["LLL NNN", "LLL NNNN", "NNN LLL", "NLLLNNN", "LLLNNNN", "LLL-NNNN", "LLNNNLL", "NNNNLL", "NNLLN", "LLNLL",
            "NLNLNL", "NNLNLL", "LNN LLL", "NNLLNN", "LLLNNL", "LNNNNNN", "NNNoLLL", "LLLoNNNN", "NNN-NNN", "LNN NNN"]


def fill(rng, template, letters, prefixes):
    """The template with characters put in; marks stay."""
    out = []
    for c in template:
        if c == "P":
            out.append(rng.choice(prefixes))
        elif c == "L":
            out.append(rng.choice(letters))
        elif c == "N":
            out.append(rng.choice("0123456789"))
        else:
            out.append(c)
    return "".join(out)


def sample(rng, american=0.14, free=0.3):
    """(text with marks, look): what stands on one plate."""
    kind = rng.random()
    if kind < american:
        return fill(rng, rng.choice(AMERICAN), LETTERS, None), dict(american=True)
    c = rng.choices(COUNTRIES, [c[0] for c in COUNTRIES])[0]
    if kind < american + free:  # no syntax at all: the net shall read, not guess
        n = rng.randint(4, 9)
        pool = rng.choice(ALIKE) + rng.choice(ALIKE) if rng.random() < .4 else LETTERS + "0123456789"
        text = [rng.choice(pool) for _ in range(n)]
        for _ in range(rng.randint(0, 2)):
            text.insert(rng.randint(1, len(text) - 1), rng.choice(" -o"))
        return "".join(text), c[4]
    return fill(rng, rng.choice(c[1]), c[2], c[3]), c[4]


def plain(text):
    """The characters to be read."""
    return "".join(c for c in text if c.isdigit() or c in LETTERS)
