//! The part of Python's pickle format that PyTorch uses for named tensors.
//!
//! A pickle is a program for a stack machine, and in general it calls any function. This reader knows the operations that
//! `torch.save` writes for a dictionary of tensors, calls nothing, and refuses every other operation and function by its name.

use std::collections::HashMap;

/// The largest number of bytes that is read, and of those of all names: a tensor takes about 150. Reading takes up to a hundred
/// times as much memory.
pub(super) const LONGEST: usize = 1 << 20;

/// A tensor of a storage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Strided<'a> {
    /// The name of the storage's type, such as `FloatStorage`.
    pub kind: &'a str,
    /// The storage's name in the archive, and the numbers in it.
    pub storage: &'a str,
    pub len: usize,
    /// The first number, the sizes, and the distance of two neighbours along each axis.
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
}

/// A Python object, as an index into all of them.
type Id = usize;

/// A Python object.
enum Object<'a> {
    None,
    Bool,
    Int(i64),
    Float,
    Text(&'a str),
    Tuple(Vec<Id>),
    List,
    /// A dictionary, its entries in order.
    Dict(Vec<(Id, Id)>),
    Function(Function),
    /// The type of a storage.
    Kind(&'a str),
    Storage {
        kind: &'a str,
        name: &'a str,
        len: usize,
    },
    Tensor(Strided<'a>),
}

/// The functions that make tensors and dictionaries.
#[derive(Clone, Copy)]
enum Function {
    OrderedDict,
    Tensor,
    Parameter,
}

/// Its error is the text of `found` in an [`Error::Format`](crate::Error::Format).
type Read<T> = Result<T, String>;

/// The tensors of a pickled dictionary, in its order. The names of a dictionary inside it follow its own, after a dot.
pub(super) fn tensors(bytes: &[u8]) -> Read<Vec<(String, Strided<'_>)>> {
    if bytes.len() > LONGEST {
        return Err(format!("a pickle of {} bytes, of which at most {LONGEST} are read", bytes.len()));
    }
    let mut machine = Machine {
        bytes,
        at: 0,
        objects: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    let whole = machine.run()?;
    match &machine.objects[whole] {
        Object::Dict(_) => machine.collect(whole),
        other => Err(format!("{}, and not a dictionary of tensors", other.kind())),
    }
}

impl Object<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Object::None => "None",
            Object::Bool => "a truth value",
            Object::Int(_) | Object::Float => "a number",
            Object::Text(_) => "a text",
            Object::Tuple(_) => "a tuple",
            Object::List => "a list",
            Object::Dict(_) => "a dictionary",
            Object::Function(_) | Object::Kind(_) => "a function",
            Object::Storage { .. } => "a storage",
            Object::Tensor(_) => "a tensor",
        }
    }
}

/// The stack machine.
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    objects: Vec<Object<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// Runs to the end, and returns the object on the stack.
    fn run(&mut self) -> Read<Id> {
        loop {
            let at = self.at;
            match self.take(1)?[0] {
                // PROTO and FRAME say how the rest is written.
                0x80 => drop(self.take(1)?),
                0x95 => drop(self.take(8)?),
                b'.' => return self.pop(),
                b'(' => self.marks.push(self.stack.len()),
                b'N' => self.push(Object::None),
                0x88 | 0x89 => self.push(Object::Bool),
                b'J' => {
                    let bytes = self.array()?;
                    self.push(Object::Int(i32::from_le_bytes(bytes).into()));
                }
                b'K' => {
                    let [byte] = self.array()?;
                    self.push(Object::Int(byte.into()));
                }
                b'M' => {
                    let bytes = self.array()?;
                    self.push(Object::Int(u16::from_le_bytes(bytes).into()));
                }
                0x8a => {
                    let [len] = self.array()?;
                    let bytes = self.take(len.into())?;
                    let sign = if bytes.last().is_some_and(|last| *last >= 0x80) { 0xff } else { 0 };
                    let mut number = [sign; 8];
                    let Some(low) = number.get_mut(..bytes.len()) else {
                        return Err(format!("a number of {len} bytes"));
                    };
                    low.copy_from_slice(bytes);
                    self.push(Object::Int(i64::from_le_bytes(number)));
                }
                b'G' => {
                    self.take(8)?;
                    self.push(Object::Float);
                }
                b'X' => {
                    let len = u32::from_le_bytes(self.array()?);
                    self.text(len as usize)?;
                }
                0x8c => {
                    let [len] = self.array()?;
                    self.text(len.into())?;
                }
                b'q' => {
                    let [key] = self.array()?;
                    self.memoise(key.into())?;
                }
                b'r' => {
                    let key = u32::from_le_bytes(self.array()?);
                    self.memoise(key)?;
                }
                0x94 => self.memoise(self.memo.len() as u32)?,
                b'h' => {
                    let [key] = self.array()?;
                    self.recall(key.into())?;
                }
                b'j' => {
                    let key = u32::from_le_bytes(self.array()?);
                    self.recall(key)?;
                }
                b')' => self.push(Object::Tuple(Vec::new())),
                b't' => {
                    let items = self.pop_to_mark()?;
                    self.push(Object::Tuple(items));
                }
                code @ 0x85..=0x87 => {
                    let first =
                        self.stack.len().checked_sub(usize::from(code - 0x84)).ok_or_else(too_short)?;
                    let items = self.stack.split_off(first);
                    self.push(Object::Tuple(items));
                }
                b']' => self.push(Object::List),
                b'a' => drop(self.pop()?),
                b'e' => drop(self.pop_to_mark()?),
                b'}' => self.push(Object::Dict(Vec::new())),
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.set(&[key, value])?;
                }
                b'u' => {
                    let items = self.pop_to_mark()?;
                    self.set(&items)?;
                }
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.function(module, name)?;
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    match (&self.objects[module], &self.objects[name]) {
                        (Object::Text(module), Object::Text(name)) => {
                            let (module, name) = (*module, *name);
                            self.function(module, name)?;
                        }
                        _ => return Err("a function whose name is not a text".into()),
                    }
                }
                b'R' => {
                    let (arguments, function) = (self.pop()?, self.pop()?);
                    self.call(function, arguments)?;
                }
                b'Q' => {
                    let id = self.pop()?;
                    self.storage(id)?;
                }
                b'b' => {
                    // A dictionary of tensors has the versions of its layers beside its entries.
                    let (state, object) = (self.pop()?, self.top()?);
                    match (&self.objects[object], &self.objects[state]) {
                        (Object::Dict(_), Object::Dict(_)) => {}
                        (object, _) => return Err(format!("{} with a state of its own", object.kind())),
                    }
                }
                other => {
                    return Err(format!(
                        "operation {other:#04x} of pickle at byte {at}, which no tensor needs"
                    ));
                }
            }
        }
    }

    fn take(&mut self, len: usize) -> Read<&'a [u8]> {
        let part = self.at.checked_add(len).and_then(|end| self.bytes.get(self.at..end));
        let part = part.ok_or("a pickle that is cut off")?;
        self.at += len;
        Ok(part)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        Ok(self.take(N)?.try_into().expect("as many bytes as were taken"))
    }

    fn line(&mut self) -> Read<&'a str> {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|byte| *byte == b'\n').ok_or("a pickle that is cut off")?;
        let line = self.take(len)?;
        self.at += 1;
        std::str::from_utf8(line).map_err(|_| "a name that is not UTF-8".into())
    }

    fn text(&mut self, len: usize) -> Read<()> {
        let text = std::str::from_utf8(self.take(len)?).map_err(|_| "a text that is not UTF-8")?;
        self.push(Object::Text(text));
        Ok(())
    }

    fn push(&mut self, object: Object<'a>) {
        self.stack.push(self.objects.len());
        self.objects.push(object);
    }

    fn pop(&mut self) -> Read<Id> {
        self.stack.pop().ok_or_else(too_short)
    }

    fn top(&self) -> Read<Id> {
        self.stack.last().copied().ok_or_else(too_short)
    }

    fn pop_to_mark(&mut self) -> Read<Vec<Id>> {
        let mark = self.marks.pop().filter(|mark| *mark <= self.stack.len()).ok_or_else(too_short)?;
        Ok(self.stack.split_off(mark))
    }

    fn memoise(&mut self, key: u32) -> Read<()> {
        self.memo.insert(key, self.top()?);
        Ok(())
    }

    fn recall(&mut self, key: u32) -> Read<()> {
        let id = self.memo.get(&key).ok_or("a reference to nothing")?;
        self.stack.push(*id);
        Ok(())
    }

    /// Sets keys and values, in turn, in the dictionary on the stack.
    fn set(&mut self, items: &[Id]) -> Read<()> {
        let dict = self.top()?;
        let Object::Dict(entries) = &mut self.objects[dict] else {
            return Err("entries outside of a dictionary".into());
        };
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err("a key without a value".into());
        }
        entries.extend(pairs.iter().map(|[key, value]| (*key, *value)));
        Ok(())
    }

    fn function(&mut self, module: &'a str, name: &'a str) -> Read<()> {
        let object = match (module, name) {
            ("collections", "OrderedDict") => Object::Function(Function::OrderedDict),
            ("torch._utils", "_rebuild_tensor_v2") => Object::Function(Function::Tensor),
            ("torch._utils", "_rebuild_parameter") => Object::Function(Function::Parameter),
            ("torch", kind) if kind.ends_with("Storage") => Object::Kind(kind),
            _ => return Err(format!("a call of `{module}.{name}`, where only tensors are read")),
        };
        self.push(object);
        Ok(())
    }

    fn call(&mut self, function: Id, arguments: Id) -> Read<()> {
        let (Object::Function(function), Object::Tuple(arguments)) =
            (&self.objects[function], &self.objects[arguments])
        else {
            return Err("a call of something that is not a function".into());
        };
        match (function, &arguments[..]) {
            (Function::OrderedDict, []) => self.push(Object::Dict(Vec::new())),
            (Function::Parameter, [tensor, ..]) => {
                let tensor = *tensor;
                self.stack.push(tensor);
            }
            (Function::Tensor, &[storage, offset, shape, strides, ..]) => {
                let (&Object::Storage { kind, name, len }, Some(offset), Some(shape), Some(strides)) =
                    (&self.objects[storage], self.size(offset), self.sizes(shape), self.sizes(strides))
                else {
                    return Err("a tensor without a storage, an offset, sizes or strides".into());
                };
                if shape.len() != strides.len() {
                    return Err(format!("a tensor of {} axes with {} strides", shape.len(), strides.len()));
                }
                self.push(Object::Tensor(Strided { kind, storage: name, len, offset, shape, strides }));
            }
            _ => return Err("a call with too few or too many arguments".into()),
        }
        Ok(())
    }

    /// The storage that a reference names.
    fn storage(&mut self, id: Id) -> Read<()> {
        let Object::Tuple(parts) = &self.objects[id] else { return Err("a reference to no storage".into()) };
        let &[word, kind, name, _, len] = &parts[..] else { return Err("a reference to no storage".into()) };
        let storage = match (&self.objects[word], &self.objects[kind], &self.objects[name], self.size(len)) {
            (Object::Text("storage"), &Object::Kind(kind), &Object::Text(name), Some(len)) => {
                Object::Storage { kind, name, len }
            }
            _ => return Err("a reference to no storage".into()),
        };
        self.push(storage);
        Ok(())
    }

    fn size(&self, id: Id) -> Option<usize> {
        match self.objects[id] {
            Object::Int(number) => number.try_into().ok(),
            _ => None,
        }
    }

    fn sizes(&self, id: Id) -> Option<Vec<usize>> {
        match &self.objects[id] {
            Object::Tuple(items) => items.iter().map(|item| self.size(*item)).collect(),
            _ => None,
        }
    }

    /// The tensors of a dictionary, and of those inside it.
    fn collect(&self, whole: Id) -> Read<Vec<(String, Strided<'a>)>> {
        let mut tensors = Vec::new();
        let mut seen = vec![false; self.objects.len()];
        let mut room = LONGEST;
        // Dictionaries and their prefixes; the entries of one come before those that are left of the one around it.
        let mut rest = vec![(whole, String::new(), 0)];
        while let Some((dict, prefix, next)) = rest.pop() {
            let Object::Dict(entries) = &self.objects[dict] else { continue };
            if next == 0 && std::mem::replace(&mut seen[dict], true) {
                return Err(format!("a dictionary in two places, of which one is {prefix:?}"));
            }
            let Some(&(key, value)) = entries.get(next) else { continue };
            let Object::Text(key) = self.objects[key] else {
                return Err(format!("{} as the name of a tensor", self.objects[key].kind()));
            };
            let len = prefix.len() + key.len() + 1;
            room = room.checked_sub(len).ok_or(format!("names of more than {LONGEST} bytes in all"))?;
            let name = format!("{prefix}{key}");
            rest.push((dict, prefix, next + 1));
            match &self.objects[value] {
                Object::Tensor(tensor) => tensors.push((name, tensor.clone())),
                Object::Dict(_) => rest.push((value, name + ".", 0)),
                other => {
                    return Err(format!(
                        "{} with the name {name:?}, where only tensors are read",
                        other.kind()
                    ));
                }
            }
        }
        Ok(tensors)
    }
}

fn too_short() -> String {
    "a pickle that takes more from its stack than there is".into()
}
