use super::super::line::Lines;
use super::*;

/// What is shown in the end of what comes in these pieces.
fn shown_in<'a>(charset: Charset, pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut screen, mut lines) = (Screen::new(511, charset), Lines::default());
    pieces.for_each(|bytes| screen.feed(bytes, &mut lines));
    lines.0.extend_from_slice(screen.rest());
    lines.0
}

/// What is shown in the end, by chunks of `chunk` bytes.
fn shown(sent: &[u8], chunk: usize) -> String {
    String::from_utf8_lossy(&shown_in(Charset::Utf8, sent.chunks(chunk))).into_owned()
}

/// Holds what is shown in an encoding to `text`, in one piece, byte by byte, and cut in two at every byte.
#[track_caller]
fn shows_bytes(charset: Charset, sent: &[u8], text: &[u8]) {
    let text = text.escape_ascii().to_string();
    let is = |shown: Vec<u8>| assert_eq!(shown.escape_ascii().to_string(), text, "{}", sent.escape_ascii());
    is(shown_in(charset, sent.chunks(1)));
    for at in 0..=sent.len() {
        is(shown_in(charset, [&sent[..at], &sent[at..]].into_iter()));
    }
}

#[track_caller]
fn shows(sent: &str, text: &str) {
    for chunk in [1, 2, 3, 7, sent.len().max(1)] {
        assert_eq!(shown(sent.as_bytes(), chunk), text, "{sent:?} by {chunk}");
    }
}

#[test]
fn line_ends() {
    shows("a\r\nb\r\n", "a\nb\n");
    shows("a\r\r\nb", "a\nb");
    shows("a\n\rb", "a\nb");
    shows("a\r\0\nb", "a\nb");
    shows("\r\n\r\na", "\n\na");
    shows("a\x1bEb\x1bDc", "a\nb\nc");
}

#[test]
fn text_is_kept_as_it_is() {
    shows("\ta\tb  \r\nпривет €\r\n", "\ta\tb  \nпривет €\n");
    shows("a\0b\x07c\x7f", "abc");
}

#[test]
fn the_cursor_moves_within_the_line() {
    shows("abc\rx", "xbc");
    shows("abc\x08\x08x", "axc");
    shows("\x08\x08abc", "abc");
    shows("abc\x1b[2Dx", "axc");
    shows("abc\x1b[99Dx", "xbc");
    shows("a\x1b[2Cb", "a  b");
    shows("a\x1b[9999C\rb", "b");
    shows("abc\x1b[1Gx", "xbc");
    shows("abc\x1b[24;1Hx", "xbc");
    shows("abcd\x1b[3D\x1b[2P", "ad");
    shows("abcd\x1b[3D\x1b[2X", "a  d");
    shows("abcd\x1b[3D\x1b[2@", "a  bcd");
    shows("приве\x08т", "привт");
    shows("приве\rab", "abиве");
    shows("abcde\rпр", "прcde");
}

#[test]
fn erased_is_gone() {
    shows("abc\r\x1b[Kx", "x");
    shows("abc\x1b[2K\rx", "x");
    shows("abc\x1b[2D\x1b[J", "a");
    shows("abcdef\x1b[3D\x1b[1Kx", "   xef");
}

#[test]
fn pagers_leave_nothing() {
    let nine = "\x08".repeat(9);
    shows(&format!(" --More-- {nine}\x08          {nine}\x08next\r\n"), "next\n");
    shows(&format!(" --More-- {nine}\x08          {nine}\x08\r\nnext"), "\nnext");
    shows("---(more)---\r                    \rnext\r\n", "next\n");
    let blanks = " ".repeat(42);
    shows(&format!("  ---- More ----\x1b[42D{blanks}\x1b[42Dnext\r\n"), "next\n");
    shows("--More--\r\x1b[Knext\r\n", "next\n");
}

#[test]
fn blanks_that_were_printed_stay() {
    shows("   \r\na  \r\n", "   \na  \n");
}

#[test]
fn sequences_that_show_nothing_are_dropped() {
    shows("\x1b[?2004h\x1b]0;user@host: ~\x07user\x1b[01;32m@\x1b[0mhost$ ", "user@host$ ");
    shows("\x1b]2;title\x1b\\a\x1bPq#0\x1b\\b\x1b(Bc\x1b=d\x1b7e\x1b[2Jf\x1b[6ng", "abcdefg");
    shows("a\x1b[?25lb\x1b[>cc\x1b[ qd\x1b[1;24re", "abcde");
}

#[test]
fn broken_sequences_do_not_eat_the_text() {
    shows("a\x1b\r\nb", "a\nb");
    shows("a\x1b[12\r\nb", "a\nb");
    shows("a\x1b]0;no end\r\nb", "a\nb");
    shows("a\x1b]0;cancelled\x18b", "ab");
    shows("a\x1b\x1b[31mb", "ab");
    let long = format!("\x1b]0;{}", "x".repeat(3 * LONGEST_STRING));
    assert!(shown(long.as_bytes(), 100).len() > LONGEST_STRING);
}

#[test]
fn an_echo_wrapped_at_the_width_is_whole_again() {
    let (mut screen, mut lines) = (Screen::new(10, Charset::Utf8), Lines::default());
    screen.feed(b"host$ show \rversion\r\n", &mut lines);
    assert_eq!(lines.0, b"host$ showversion\n".as_slice());
}

#[test]
fn an_endless_line_goes_ahead_in_pieces() {
    let (mut screen, mut lines) = (Screen::new(511, Charset::Utf8), Lines::default());
    let mut sent = 0;
    while sent < 10 * LONGEST_LINE {
        screen.feed(&[b'x'; 1000], &mut lines);
        sent += 1000;
        assert!(screen.rest().len() <= LONGEST_LINE);
    }
    assert_eq!(lines.0.len() + screen.rest().len(), sent);
    assert!(screen.current().is_empty(), "what is left is no line");
    screen.feed(b"\r\nprompt", &mut lines);
    assert_eq!(screen.current(), b"prompt");
}

#[test]
fn an_endless_line_reads_the_same_in_any_pieces() {
    let x = "x".repeat(LONGEST_LINE);
    for sent in [
        format!("{x}abc\rdef\r\n"),
        format!("{}\x1b[1024Gabc\rdef{x}", &x[1000..]),
        format!("{x}\rпривет{x}\r\n"),
        format!("п{x}\rxпривет\x08{x}"),
        format!("{x}{x}\n{x}\n"),
    ] {
        let whole = shown(sent.as_bytes(), sent.len());
        for chunk in [1, 7, 1000, LONGEST_LINE - 1] {
            assert!(shown(sent.as_bytes(), chunk) == whole, "{} by {chunk}", &sent[LONGEST_LINE..]);
        }
    }
}

#[test]
fn in_encodings_of_one_byte_every_byte_is_a_cell() {
    // "Привет" in CP866, where most of it are continuation bytes of UTF-8, and in KOI8-R.
    const CP866: &[u8] = b"\x8f\xe0\xa8\xa2\xa5\xe2";
    const KOI8_R: &[u8] = b"\xf0\xd2\xc9\xd7\xc5\xd4";
    let single =
        |sent: &[&[u8]], text: &[&[u8]]| shows_bytes(Charset::Single, &sent.concat(), &text.concat());
    for word in [CP866, KOI8_R, b"Gr\xfc\xdfe!"] {
        single(&[word, b"\r\n", word], &[word, b"\n", word]);
        single(&[word, b"\x08\x08x"], &[&word[..4], b"x", &word[5..]]);
        single(&[word, b"\x08 \x08\x08 \x08"], &[&word[..4]]);
        single(&[word, b"\rab"], &[b"ab", &word[2..]]);
        single(&[b"abcdef\r", word], &[word]);
        single(&[word, b"\x1b[2D\x1b[K"], &[&word[..4]]);
        single(&[word, b"\x1b[3G\x1b[2P"], &[&word[..2], &word[4..]]);
        single(&[word, b"\x1b[8Gx"], &[word, b" x"]);
        single(&[b"-- ", word, b" --\r            \rnext\r\n"], &[b"next\n"]);
    }
}

#[test]
fn in_encodings_of_two_bytes_a_character_takes_two_cells() {
    // 中文 in GBK; 表ソ in Shift_JIS and 乗 in GBK, whose second bytes are a backslash; a character of
    // four bytes in GB 18030.
    for (charset, word) in [
        (Charset::Double, b"\xd6\xd0\xce\xc4"),
        (Charset::Double, b"\x81\x5c\x81\x5c"),
        (Charset::Double, b"\x81\x30\x81\x30"),
        (Charset::ShiftJis, b"\x95\x5c\x83\x5c"),
        (Charset::ShiftJis, b"\xe0\x40\xb1\xb2"),
    ] {
        let is = |sent: &[&[u8]], text: &[&[u8]]| shows_bytes(charset, &sent.concat(), &text.concat());
        let (first, second) = word.split_at(2);
        is(&[word, b"\r\n", word], &[word, b"\n", word]);
        is(&[word, b"\x08\x08xy"], &[first, b"xy"]);
        is(&[word, b"\x08\x08  \x08\x08"], &[first]);
        is(&[word, b"\rab"], &[b"ab", second]);
        is(&[b"abcdef\r", word], &[word, b"ef"]);
        is(&[b"abc\r", word], &[word]);
        is(&[second, second, second, b"\r", word], &[word, second]);
        is(&[word, b"\x1b[2D\x1b[K"], &[first]);
        is(&[word, b"\r\x1b[2P"], &[second]);
        is(&[b"---- ", word, b" ----\x1b[14D              \x1b[14Dnext\r\n"], &[b"next\n"]);
        // Written in ASCII behind it, and over what was there.
        is(&[b"[", word, b"]\r[", second, first, b"]"], &[b"[", second, first, b"]"]);
    }
}

#[test]
fn a_character_that_is_torn_in_two_leaves_blanks() {
    let is = |sent: &[u8], text: &[u8]| shows_bytes(Charset::Double, sent, text);
    is(b"\xd6\xd0\xce\xc4\x08x", b"\xd6\xd0 x");
    is(b"\xd6\xd0\xce\xc4\rx", b"x \xce\xc4");
    is(b"\xd6\xd0\xce\xc4\x1b[2G\xce\xc4", b" \xce\xc4");
    is(b"\xd6\xd0\xce\xc4a\x1b[2G\xce\xc4", b" \xce\xc4 a");
    is(b"\xd6\xd0\xce\xc4\x08\x1b[K", b"\xd6\xd0");
    is(b"\xd6\xd0\xce\xc4\x08\x1b[1K", b"");
    is(b"a\xd6\xd0b\x1b[2D\x1b[1Kx", b"  xb");
    is(b"a\xd6\xd0\xce\xc4b\x1b[3G\x1b[2P", b"a  b");
    is(b"a\xd6\xd0\xce\xc4b\x1b[3G\x1b[2X", b"a    b");
    is(b"a\xd6\xd0b\x1b[3G\x1b[@", b"a   b");
    // Half a character that stays alone is kept.
    is(b"a\xd6\r\nb\xd6\x08c \xd6 \xd0", b"a\xd6\nbc \xd6 \xd0");
    is(b"abc\r\xd6\0\xd0\n", b"\xd6\xd0c\n");
}

#[test]
fn the_controls_beyond_ascii_are_text() {
    // CSI, OSC, NEL and ST of ECMA-48, which are letters here.
    let sent = b"\x9b1A\x9d0;\x85\x9c\x90q\x84";
    shows_bytes(Charset::Single, sent, sent);
    shows_bytes(Charset::ShiftJis, b"\x9b\x41\x9d\x5d\x85\x90", b"\x9b\x41\x9d\x5d\x85\x90");
    shows_bytes(Charset::Double, b"\x9b\x5b\x9d\x5d\x85\x90", b"\x9b\x5b\x9d\x5d\x85\x90");
    // Continuation bytes of УФЛ.
    shows("\u{423}\u{424}\u{41b}1A", "УФЛ1A");
    // Nor do they belong to a sequence, or end a string.
    shows("a\x1b[31п\x1bп\x1b(пb", "aпппb");
    shows("a\x1b]0;п\u{41c}\x07b", "ab");
    shows_bytes(Charset::Single, b"a\x1b[1\x9bm\x1b\x8fb", b"a\x9bm\x8fb");
    shows_bytes(Charset::Double, b"a\x1b[1\xd6\xd0b", b"a\xd6\xd0b");
}

/// Numbers that differ from run to run of the loop and not from run to run of the test.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn anything_can_be_fed_in_any_pieces() {
    const CHARSETS: [Charset; 4] = [Charset::Utf8, Charset::Single, Charset::Double, Charset::ShiftJis];
    const PIECES: [&[u8]; 24] = [
        b"\r",
        b"\n",
        b"\x08",
        b"\x1b",
        b"\x1b[",
        b"\x1b]",
        b";",
        b"65535",
        b"7",
        b"C",
        b"D",
        b"K",
        b"G",
        b"P",
        b"@",
        b"H",
        b"\xd0\xbf",
        b"\x83\x5c",
        b"\xe0\xe0\xe0",
        b"\xff",
        b"\x80",
        b"text",
        b"   ",
        b"\0",
    ];
    for seed in 1..300 {
        let mut dice = Dice(seed * 0x9e37_79b9);
        let sent: Vec<u8> = (0..3000)
            .flat_map(|_| match dice.below(8) {
                0 => vec![dice.below(256) as u8],
                _ => PIECES[dice.below(PIECES.len() as u64) as usize].to_vec(),
            })
            .collect();
        let whole = shown(&sent, sent.len());
        assert_eq!(shown(&sent, 1 + dice.below(9) as usize), whole, "seed {seed}");
        // Blanks are made of cursor movements, a bounded number a line.
        assert!(whole.len() < sent.len() * 3 + 3 * FURTHEST_COLUMN * 3000, "seed {seed}");

        let charset = CHARSETS[dice.below(4) as usize];
        let whole = shown_in(charset, [sent.as_slice()].into_iter());
        assert!(
            shown_in(charset, sent.chunks(1 + dice.below(9) as usize)) == whole,
            "seed {seed} {charset:?}"
        );

        let (mut screen, mut lines) = (Screen::new(dice.below(600) as u16, charset), Lines::default());
        for _ in 0..200 {
            screen.feed(&sent, &mut lines);
            assert!(screen.rest().len() <= LONGEST_LINE + FURTHEST_COLUMN, "seed {seed}");
            if dice.below(3) == 0 {
                screen.cut(dice.below(2000) as usize);
            }
            lines.0.clear();
        }
    }
}
