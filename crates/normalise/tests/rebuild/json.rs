//! A reader of JSON that shares nothing with the code under test: it keeps every member, names and
//! strings as UTF-16 (half a surrogate pair included), and numbers as they are written.

/// A value as it stands in a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(Vec<u16>),
    Array(Vec<Json>),
    Object(Vec<(Vec<u16>, Json)>),
}

/// The values of a text that holds sound JSON.
pub fn read_all(text: &str) -> Vec<Json> {
    let mut reader = Reader { rest: text.as_bytes() };
    let mut values = Vec::new();
    while reader.peek().is_some() {
        values.push(reader.value());
    }
    values
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn is_next(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.rest = &self.rest[1..];
        }
        is_next
    }

    fn value(&mut self) -> Json {
        match self.peek().unwrap() {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => Json::Text(self.string()),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Json {
        let end = self.rest.iter().position(|byte| b",]}{[\" \t\r\n".contains(byte));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        match word {
            b"null" => Json::Null,
            b"true" => Json::Bool(true),
            b"false" => Json::Bool(false),
            number => Json::Number(String::from_utf8(number.to_vec()).unwrap()),
        }
    }

    fn array(&mut self) -> Json {
        self.is_next(b'[');
        let mut items = Vec::new();
        while !self.is_next(b']') {
            items.push(self.value());
            self.is_next(b',');
        }
        Json::Array(items)
    }

    fn object(&mut self) -> Json {
        self.is_next(b'{');
        let mut members = Vec::new();
        while !self.is_next(b'}') {
            self.peek();
            let name = self.string();
            assert!(self.is_next(b':'));
            members.push((name, self.value()));
            self.is_next(b',');
        }
        Json::Object(members)
    }

    fn string(&mut self) -> Vec<u16> {
        let mut units = Vec::new();
        let mut plain = Vec::new();
        self.rest = &self.rest[1..];
        loop {
            let byte = self.rest[0];
            self.rest = &self.rest[1..];
            if byte != b'"' && byte != b'\\' {
                plain.push(byte);
                continue;
            }
            units.extend(std::str::from_utf8(&plain).unwrap().encode_utf16());
            plain.clear();
            if byte == b'"' {
                return units;
            }
            units.push(self.escape());
        }
    }

    fn escape(&mut self) -> u16 {
        let byte = self.rest[0];
        self.rest = &self.rest[1..];
        match byte {
            b'b' => 8,
            b't' => 9,
            b'n' => 10,
            b'f' => 12,
            b'r' => 13,
            b'u' => {
                let (digits, rest) = self.rest.split_at(4);
                self.rest = rest;
                u16::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap()
            }
            other => u16::from(other),
        }
    }
}
