"""Texts on which tokenizers disagree, for token_ids.py: the same on every run."""

import random

SEED = 20261125


def corpus():
    r = random.Random(SEED)
    words = (
        "the The THE of and don't I'll we've you're she'd IT'S O'Neil's naïve café Straße ﬁ Ελλάδα Привет мир МОСКВА你好世界 東京タワー "
        "ひらがな カタカナ 한국어 안녕하세요 สวัสดีครับ नमस्ते हिन्दी বাংলা தமிழ் مرحبا שלום አማርኛ ქართული Հայերեն 𝒳𝓎 ﷺ ½ Ⅷ ² ٣٤٥ १२३ "
        "123 4567 1234567890 3.14159 0x1F 1,000,000 2024-01-02 www.example.com foo_bar fooBar() { return x+=1; } \"q\" 'q' <b>a</b> "
        "😀 👨‍👩‍👧‍👦 🇩🇪 ❤️ … — “quoted” ‘single’ ¿qué? ¡sí! €5 $10 £3 #tag @user \\n \\t `code` ~/.bashrc && || -> => <= != :: /* */ // "
        "e\u0301 n\u0303 \u0301 a\u0300\u0301b \u200b\u200d \ufeff \u00a0 \u3000 \u2028 \u0085 \ue000 \u0378 \U0001fbf5 \U000e0001 "
        "i\u0307 İstanbul ıq ſ K Ω ǅ ʰ ª º ℂ ⅓ 〇 々 〆 ㍿ ﾊﾝ ｶ Ａｂ１２ ！？ ，。、 ـ \x00 \x01 \x1b[0m \x7f \x1c \x1f"
    ).split(" ")
    joins = [" ", " ", " ", "", "", "  ", "   ", "\n", "\n\n", " \n", "\n ", "\r\n", "\t", "\t\t", "    ", " \r", "\x0b", "'", "-"]
    while True:
        line = "".join(r.choice(words) + r.choice(joins) for _ in range(r.randint(0, 14)))
        kind = r.random()
        if kind < 0.15:
            line += "".join(chr(r.choice([r.randrange(0x20, 0x7F), r.randrange(0x3000), r.randrange(0xD800), r.randrange(0x10000, 0x20000)])) for _ in range(r.randint(1, 30)))
        elif kind < 0.25:
            line += "".join(r.choice("0123456789½² aA'sStTrReElLvV\n\r\t .,!") for _ in range(r.randint(1, 40)))
        elif kind < 0.3:
            line = " " * r.randint(0, 70) + line + " " * r.randint(0, 9)
        elif kind < 0.34:
            line += r.choice(["<s>", "</s>", "<|end|>", "<think>", "[CLS]", "<mask>", "<0x0A>", "▁", "<sentinel:12>IMGIMGABZ"]) + r.choice(["", " ", "x"])
        yield line


# First and last letter of scripts, and what may follow a letter
SCRIPTS = (
    "az\u0301\u0308\u0323 AZ ая\u0301\u0306 αω\u0301 את\u05b0\u05b8\u05bc ءي\u064e\u0651\u0640 अह\u093e\u093f\u094d\u0902\u093c অহ\u09be\u09cd அஹ\u0bbe\u0bcd "
    "กฮ\u0e31\u0e34\u0e48\u0e33 ກຮ\u0eb1\u0ec8 ཀཧ\u0f72\u0f0b កអ\u17b6\u17d2 ကအ\u102c\u103a აჰ աֆ ሀፚ 一鿿 𠀀𪛖 ぁん\u3099 ァヺー\u309a 가힣 "
    "ᄀᄒ\u1161\u1175\u11a8 ｦﾝﾞ Ａｚ 𝐀𝟿 ᠠᡂ\u180b ᎠᏴ 𐐀𐑏 𒀀𒎙 𞤀𞥃\U0001e944"
).split()
# § is a word, ¤ a number
CODE = r"""
def §(self, x: int = ¤) -> "list[str]":
    '''§.'''
	return [f"{x!r:>¤}" for _ in range(¤)]  # §
~
fn §<'a, T: Into<Option<u8>>>(x: &'a mut T) -> Result<(), Box<dyn Error>> {
        let _ = r#"§"#; x?;
    }
~
#include <§.h>
#define MAX(a, b) (((a) > (b)) ? (a) : (b))
static int *p = &x[0x¤]; /* § */ x <<= ¤; y = !z && ~q;
~
const § = async (...a) => { await `${a?.b ?? "¤"}`; };  // /^[\w.-]+@§\.(?:com|org)$/giu


	let I'LL = you'Ve;
~
<div class="§-¤" onclick='x("§")'>&nbsp;&#¤;<br/><!-- § --></div><|§|>[§]</s><§>
~
SELECT * FROM "§" WHERE id >= ¤ AND name LIKE '%§''s%' ORDER BY 1 DESC; -- §
~
{"§": [null, true, -¤.5e-¤, "\u00e9\n\"§\""], "": {}}
~
for i in $(seq 1 ¤); do echo "${§[@]:-x}" 2>&1 | awk '{print $NF}' >>/tmp/§; done
~
\begin{align} \frac{\partial §}{\partial x_{¤}} &\leq \sum_{i=0}^{\infty} \alpha^{-¤} \\ \end{align}
~
-	name: §
  on:
    - push: ["¤.x"]
			
        run: |
          ./§ --flag=¤
~
| § | ¤ |
|:---|---:|
* **§**: _¤_ [§](https://§.example/¤?a=b&c=%20#§)
> ```§
~
    main = do { xs <- getLine; print $ foldr (\x acc -> x:acc) [] xs } -- | § ⟨λ⟩ ∀α. α → α ≡ ¤
~
(defn § [& xs] (->> xs (map #(* % ¤)) (reduce +))) ;; '§ `(,@¤)
~
0x¤F 0b101 1_000_¤ ¤e+¤ ¤.¤.¤.¤ 00:¤:59.¤Z +49-¤-¤ ¤% ±¤° ¤½ ¤²³ №¤ ①②⑳ Ⅻ ໒໓ ৪৫ ߁߂ 𝟙𝟚 ¤١٢
"""
SPACES = [chr(c) for c in (9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x2010), 0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0x180E, 0xFEFF)]
CONTROLS = [chr(c) for c in (*range(32), *range(127, 160), 0xAD, 0x61C, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFFF9, 0xFFFC, 0xFFFD, 0xFFFE, 0xFDD0, 0x1FFFF, 0xE0001, 0xF0000, 0x10FFFF)]
LOOK_ALIKES = (
    "<s> </s> <unk> <pad> <mask> [CLS] [SEP] [MASK] [UNK] [INST] [/INST] <|endoftext|> <|im_start|> <|im_end|> <|begin_of_text|> <|eot_id|> <bos> <eos> "
    "<start_of_turn> <end_of_turn> <｜begin▁of▁sentence｜> <|fim_prefix|> <fim_middle> <|START_OF_TURN_TOKEN|> <tool_call> <think> </think> <0x0A> <0xFF> ▁ ▁▁ Ġ Ċ ## @@"
).split()


def mixed(specials):
    """Scripts with what stands on their letters, code, emoji, numbers, spaces, controls, and `specials` whole and damaged."""
    r = random.Random(SEED + 1)
    several = lambda make, most, least=1: [make() for _ in range(r.randint(least, most))]
    code = CODE.strip("\n").split("\n~\n")

    def word(script=None):
        first, last, *marks = script or r.choice(SCRIPTS)
        letter = lambda: chr(r.randint(ord(first), ord(last))) + ("".join(several(lambda: r.choice(marks), 2)) if marks and r.random() < 0.25 else "")
        return "".join(several(letter, 9))

    def prose():
        script = r.choice(SCRIPTS)
        stops = [" "] * 12 + ["", ", ", "،", "。", "।", "·", "-", "’s ", "'", " (", ") ", "؟ ", "\u200c", "\u200d", "\u00a0", "\n"]
        return "".join(word(script if r.random() < 0.9 else None) + r.choice(stops) for _ in range(r.randint(1, 14)))

    def program():
        text = r.choice(code).replace("§", word(r.choice([SCRIPTS[0]] * 4 + SCRIPTS[:6]))).replace("¤", str(r.randrange(10 ** r.randint(1, 9))))
        return text.replace("\n", "\r\n") if r.random() < 0.15 else text

    def emoji():
        one = lambda: chr(r.choice([r.randint(0x1F300, 0x1F64F), r.randint(0x1F900, 0x1F9FF), r.randint(0x2600, 0x27BF), r.randint(0x1F680, 0x1F6FF)]))
        toned = lambda: one() + r.choice(["", "", "\ufe0f", "\ufe0e", *map(chr, range(0x1F3FB, 0x1F400))])
        flag = lambda: "".join(chr(r.randint(0x1F1E6, 0x1F1FF)) for _ in range(r.choice([1, 2, 2, 2, 3])))
        tagged = lambda: "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in r.choice(["gbsct", "gbeng", "usca"])) + "\U000e007f"
        kinds = [toned, flag, tagged, lambda: "\u200d".join(several(toned, 4, 2)), lambda: r.choice("0123456789#*") + "\ufe0f\u20e3"]
        return r.choice(["", " "]).join(several(lambda: r.choice(kinds)(), 6))

    def number():
        zero = ord(r.choice("0000٠०০๐၀０𝟎߀"))
        return r.choice(["", " ", ",", ".", "-", "/"]).join("".join(several(lambda: chr(zero + r.randrange(10)), 12)) for _ in range(r.randint(1, 4)))

    def special():
        token = r.choice(specials if specials and r.random() < 0.5 else LOOK_ALIKES)
        at, how = r.randrange(len(token) + 1), r.random()
        if how < 0.1:
            token = token.upper() if token.islower() else token.lower()
        elif how < 0.3:
            token = token[:at] + r.choice(SPACES + CONTROLS + ["x", "|", token]) + token[at:]
        elif how < 0.4:
            token = token[:at]
        return r.choice(["", "", " ", "\n", "x"]) + token + r.choice(["", "", " ", "\n", "x"])

    spaces = lambda: r.choice([r.choice(SPACES) * r.randint(1, 40), "".join(several(lambda: r.choice(SPACES), 12)), " " * r.randint(1, 200)])
    controls = lambda: "".join(several(lambda: r.choice(CONTROLS), 8))
    accents = lambda: "".join(several(lambda: chr(r.choice([r.randint(0x300, 0x36F), r.randint(0x61, 0x7A), r.randint(0xC0, 0x17F), r.randint(0x1AB0, 0x1ACE)])), 30))
    anything = lambda: "".join(several(lambda: chr(r.choice([r.randrange(0xD800), r.randrange(0xE000, 0x110000)])), 20))
    kinds = [prose, prose, prose, program, program, emoji, number, special, special, spaces, controls, accents, anything]
    seen = set()
    while True:
        line = r.choice(kinds)() if r.random() < 0.4 else "".join(several(lambda: r.choice(kinds)(), 5, 2))
        if line not in seen:
            seen.add(line)
            yield line


def every_character():
    step = []
    for c in range(0x20000):
        if not 0xD800 <= c < 0xE000:
            step.append(f"{chr(c)}a {chr(c)}{chr(c)}1")
        if len(step) == 200:
            yield "".join(step)
            step = []
