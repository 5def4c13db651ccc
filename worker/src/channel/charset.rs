//! How many bytes make a character, and how many cells of a terminal it takes.

/// Among those that a second byte can be, the one that it never is.
const DELETE: u8 = 0x7f;

/// The family of encodings that a device's is one of. In all of them the bytes of ASCII mean ASCII,
/// except for those that are the second of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    /// UTF-8. A character takes one cell; those that take two on a real terminal are not told.
    Utf8,
    /// One byte, one character, one cell.
    Single,
    /// ASCII and characters of two bytes, which take two cells: GBK, Big5, EUC-KR, EUC-JP, and GB 18030,
    /// whose characters of four bytes are as good as two. EUC-JP's few of three bytes are taken for
    /// one and a half.
    Double,
    /// As the last; but Shift_JIS has kana of one byte among the first bytes of others.
    ShiftJis,
}

impl Charset {
    /// That of an encoding, by its name in the Encoding Standard; none is UTF-8.
    pub(crate) fn of(encoding: Option<&str>) -> Self {
        match encoding {
            None | Some("UTF-8") => Self::Utf8,
            Some("GBK" | "gb18030" | "Big5" | "EUC-JP" | "EUC-KR") => Self::Double,
            Some("Shift_JIS") => Self::ShiftJis,
            Some(_) => Self::Single,
        }
    }

    /// Whether `byte` only continues what another one has begun and takes no cell. Of what takes two
    /// bytes and two cells, each counts for itself.
    pub(crate) fn continues(self, byte: u8) -> bool {
        self == Self::Utf8 && byte & 0xc0 == 0x80
    }

    /// The cells that `text` takes.
    pub(crate) fn cells(self, text: &[u8]) -> usize {
        match self {
            Self::Utf8 => text.iter().filter(|byte| !self.continues(**byte)).count(),
            Self::Single | Self::Double | Self::ShiftJis => text.len(),
        }
    }

    /// Whether `text`, which begins with a whole character, ends in the first half of one.
    pub(crate) fn half(self, text: &[u8]) -> bool {
        // Of bytes that can be first in a row, every other one is.
        text.iter().rev().take_while(|byte| self.is_first(**byte)).count() % 2 == 1
    }

    /// Whether `byte` can be the second half of a character. It can look like a letter, and in GB 18030
    /// like a digit.
    pub(crate) fn is_second(byte: u8) -> bool {
        byte >= b'0' && byte != DELETE
    }

    fn is_first(self, byte: u8) -> bool {
        match self {
            Self::Utf8 | Self::Single => false,
            Self::Double => matches!(byte, 0x81..=0xfe),
            Self::ShiftJis => matches!(byte, 0x81..=0x9f | 0xe0..=0xfc),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_has_its_family() {
        assert_eq!(Charset::of(None), Charset::Utf8);
        for (name, charset) in [
            ("UTF-8", Charset::Utf8),
            ("IBM866", Charset::Single),
            ("windows-1252", Charset::Single),
            ("KOI8-R", Charset::Single),
            ("GBK", Charset::Double),
            ("gb18030", Charset::Double),
            ("Big5", Charset::Double),
            ("EUC-JP", Charset::Double),
            ("EUC-KR", Charset::Double),
            ("Shift_JIS", Charset::ShiftJis),
        ] {
            assert_eq!(Charset::of(Some(name)), charset, "{name}");
        }
    }

    #[test]
    fn halves_of_characters_are_told() {
        // Second bytes that are letters, that could be first ones, and that are GB 18030's digits.
        let cases: [(Charset, &[u8], &[usize]); 6] = [
            (Charset::Double, b"a\xd6\xd0\xce\xc4b", &[2, 4]),
            (Charset::Double, b"\x81\x5c\x81\x40@ \xd6\xd0", &[1, 3, 7]),
            (Charset::Double, b"\x81\x30\x81\x30a", &[1, 3]),
            (Charset::ShiftJis, b"\x83\x5c\xb1\xb2\x83\x83]", &[1, 5]),
            (Charset::Single, b"\xd6\xd0\xce\xc4", &[]),
            (Charset::Utf8, "中文".as_bytes(), &[]),
        ];
        for (charset, text, halves) in cases {
            let found: Vec<usize> = (0..=text.len()).filter(|at| charset.half(&text[..*at])).collect();
            assert_eq!(found, halves, "{text:x?}");
            assert!(halves.iter().all(|at| Charset::is_second(text[*at])), "{text:x?}");
        }
        assert!(b"\x7f #-".iter().all(|byte| !Charset::is_second(*byte)));
    }
}
