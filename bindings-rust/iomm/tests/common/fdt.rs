// SPDX-License-Identifier: MIT OR Apache-2.0
//! A writer of small device trees, so that the tests need no files.

pub struct Node {
    name: String,
    properties: Vec<(&'static str, Vec<u8>)>,
    children: Vec<Node>,
}

impl Node {
    pub fn new(name: &str) -> Node {
        Node {
            name: name.into(),
            properties: Vec::new(),
            children: Vec::new(),
        }
    }

    pub fn cells(mut self, name: &'static str, cells: &[u32]) -> Node {
        let value = cells.iter().flat_map(|cell| cell.to_be_bytes()).collect();
        self.properties.push((name, value));
        self
    }

    pub fn string(mut self, name: &'static str, value: &str) -> Node {
        self.properties
            .push((name, [value.as_bytes(), &[0]].concat()));
        self
    }

    pub fn child(mut self, child: Node) -> Node {
        self.children.push(child);
        self
    }

    /// The tree of which this is the root, flattened.
    pub fn flatten(&self) -> Vec<u8> {
        let mut blob = Blob::default();
        blob.node(self);
        blob.word(9);
        blob.finish()
    }
}

#[derive(Default)]
struct Blob {
    structure: Vec<u8>,
    strings: Vec<u8>,
}

impl Blob {
    fn word(&mut self, word: u32) {
        self.structure.extend(word.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.structure.extend(bytes);
        self.structure
            .resize(self.structure.len().div_ceil(4) * 4, 0);
    }

    fn node(&mut self, node: &Node) {
        self.word(1);
        self.bytes(&[node.name.as_bytes(), &[0]].concat());
        for (name, value) in &node.properties {
            self.word(3);
            self.word(value.len() as u32);
            self.word(self.strings.len() as u32);
            self.strings.extend(name.as_bytes());
            self.strings.push(0);
            self.bytes(value);
        }
        for child in &node.children {
            self.node(child);
        }
        self.word(2);
    }

    fn finish(self) -> Vec<u8> {
        const HEADER: usize = 40;
        const RESERVATIONS: usize = 16;
        let structure = HEADER + RESERVATIONS;
        let strings = structure + self.structure.len();
        let total = strings + self.strings.len();
        let header = [
            0xd00d_feed,
            total as u32,
            structure as u32,
            strings as u32,
            HEADER as u32,
            17,
            16,
            0,
            self.strings.len() as u32,
            self.structure.len() as u32,
        ];
        let mut blob: Vec<u8> = header.iter().flat_map(|word| word.to_be_bytes()).collect();
        blob.extend([0; RESERVATIONS]);
        blob.extend(self.structure);
        blob.extend(self.strings);
        blob
    }
}
