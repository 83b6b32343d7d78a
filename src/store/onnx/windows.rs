//! Operators of ONNX with windows: convolutions and pooling.

use super::lines::Line;
use super::model::Node;
use super::translate::{Feature, Refusal, Translation, count, pair};
use crate::layer::outputs;
use crate::shape::{Dims, ShapeError, Window};

/// The most rows or columns of a kernel, a stride or padding.
const WIDEST: usize = 1 << 16;

/// A shape error as that of a node.
fn misfit(error: ShapeError) -> Refusal {
    let sentence = error.sentence();
    match sentence.strip_prefix("expected ").and_then(|rest| rest.split_once(", found ")) {
        Some((expected, found)) => Refusal::wrong(expected, found),
        None => Refusal::wrong("a layer that fits its input", sentence),
    }
}

impl Node {
    /// The window of a node whose kernel has this size. `more` is padding from a node before it.
    fn window(&self, kernel: [usize; 2], input: Dims, more: [usize; 4]) -> Result<Window, Refusal> {
        let two = |name: &str| match self.ints(name)? {
            None => Ok([1, 1]),
            Some(&[rows, columns]) => Ok([count(name, rows, WIDEST)?, count(name, columns, WIDEST)?]),
            Some(other) => Err(Refusal::layer(format!("{} with {name} of {} axes", self.op, other.len()))),
        };
        let (stride, dilation) = (two("strides")?, two("dilations")?);
        if stride.contains(&0) || dilation.contains(&0) || kernel.contains(&0) {
            return Err(Refusal::wrong("kernels, strides and dilations of at least 1", "0"));
        }
        let mut window =
            Window { kernel, stride, padding: more, dilation, ceil: self.int("ceil_mode", 0)? != 0 };
        let mut sides = match self.ints("pads")? {
            None => [0; 4],
            Some(&[a, b, c, d]) => {
                if [a, b, c, d].iter().any(|side| *side < 0) {
                    return Err(Refusal::layer(format!("{} with negative padding", self.op)));
                }
                let side = |number| count("pads", number, WIDEST);
                [side(a)?, side(b)?, side(c)?, side(d)?]
            }
            Some(other) => return Err(Refusal::layer(format!("{} with {} pads", self.op, other.len()))),
        };
        match self.text("auto_pad")?.unwrap_or("NOTSET") {
            "NOTSET" | "" => {}
            "VALID" => sides = [0; 4],
            same @ ("SAME_UPPER" | "SAME_LOWER") => {
                if more != [0; 4] {
                    return Err(Refusal::layer(format!("Pad before {} with auto_pad", self.op)));
                }
                for (axis, size) in [input.height(), input.width()].into_iter().enumerate() {
                    let covered =
                        (size.div_ceil(stride[axis]).max(1) - 1) * stride[axis] + window.extent()[axis];
                    let total = covered.saturating_sub(size);
                    let small = total / 2;
                    let parts =
                        if same == "SAME_UPPER" { [small, total - small] } else { [total - small, small] };
                    [sides[axis], sides[axis + 2]] = parts;
                }
            }
            other => return Err(Refusal::wrong("an auto_pad of ONNX", format!("{other:?}"))),
        }
        for (to, side) in window.padding.iter_mut().zip(sides) {
            *to += side;
        }
        Ok(window)
    }

    fn kernel_shape(&self) -> Result<[usize; 2], Refusal> {
        match self.ints("kernel_shape")? {
            Some(&[rows, columns]) => {
                Ok([count("kernel_shape", rows, WIDEST)?, count("kernel_shape", columns, WIDEST)?])
            }
            Some(other) => Err(Refusal::layer(format!("{} with a kernel of {} axes", self.op, other.len()))),
            None => Err(Refusal::wrong("a kernel_shape", "none")),
        }
    }
}

/// The settings of a window that are not the layer's defaults.
fn settings(window: Window, default_stride: [usize; 2]) -> Vec<(&'static str, String)> {
    let mut settings = vec![("kernel", pair(window.kernel))];
    if window.stride != default_stride {
        settings.push(("stride", pair(window.stride)));
    }
    match window.padding {
        [0, 0, 0, 0] => {}
        [top, left, bottom, right] if [top, left] == [bottom, right] => {
            settings.push(("padding", pair([top, left])));
        }
        [top, left, bottom, right] => {
            settings.push(("padding", format!("({top}, {left}, {bottom}, {right})")));
        }
    }
    if window.dilation != [1, 1] {
        settings.push(("dilation", pair(window.dilation)));
    }
    settings
}

impl Translation<'_> {
    pub fn convolution(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let input = self.padded_maps(node, 0)?;
        let weight = self.tensor(node, 1)?;
        let &[filters, channels, rows, columns] = &weight.shape[..] else {
            return Err(Refusal::layer(format!("Conv with weights of {} axes", weight.shape.len())));
        };
        let groups = count("group", node.int("group", 1)?, usize::MAX)?;
        let window = node.window([rows, columns], input.dims, input.padding)?;
        let output = outputs::convolved("Conv2d", input.dims, filters, window, groups).map_err(misfit)?;
        if channels.checked_mul(groups) != Some(input.dims.channels()) {
            let expected = format!("weights for {} channels", input.dims.channels());
            return Err(Refusal::wrong(expected, format!("{channels} in each of {groups} groups")));
        }
        let mut params = vec![self.param(node, "weight", 1, &weight.shape)?];
        let bias = node.has_input(2);
        if bias {
            params.push(self.param(node, "bias", 2, &[filters])?);
        }
        let mut settings = settings(window, [1, 1]);
        settings.insert(0, ("filters", filters.to_string()));
        if groups != 1 {
            settings.push(("groups", groups.to_string()));
        }
        if !bias {
            settings.push(("bias", "false".into()));
        }
        let (kind, sources, origin) = ("Conv2d", vec![input.value], node.origin(1));
        self.push(Line { kind, settings, sources, output, params, origin })
    }

    pub fn transposed_convolution(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let input = self.maps(node, 0)?;
        let weight = self.tensor(node, 1)?;
        let &[channels, per_group, rows, columns] = &weight.shape[..] else {
            return Err(Refusal::layer(format!("ConvTranspose with weights of {} axes", weight.shape.len())));
        };
        if channels != input.dims.channels() {
            let expected = format!("weights for {} channels", input.dims.channels());
            return Err(Refusal::wrong(expected, channels));
        }
        if node.attributes.contains_key("output_shape")
            || node.text("auto_pad")?.is_some_and(|pad| pad != "NOTSET")
        {
            return Err(Refusal::layer("ConvTranspose with auto_pad or output_shape"));
        }
        let groups = count("group", node.int("group", 1)?, usize::MAX)?;
        let filters = per_group.checked_mul(groups).unwrap_or(0);
        let window = node.window([rows, columns], input.dims, [0; 4])?;
        let [top, left, bottom, right] = window.padding;
        if [top, left] != [bottom, right] {
            return Err(Refusal::layer("ConvTranspose with padding that differs by side"));
        }
        let more = match node.ints("output_padding")? {
            None => [0, 0],
            Some(&[rows, columns]) => [rows, columns],
            Some(other) => {
                return Err(Refusal::layer(format!(
                    "ConvTranspose with output_padding of {} axes",
                    other.len()
                )));
            }
        };
        let more = [count("output_padding", more[0], WIDEST)?, count("output_padding", more[1], WIDEST)?];
        let output = outputs::transposed("ConvTranspose2d", input.dims, filters, window, more, groups)
            .map_err(misfit)?;
        let bias = match node.has_input(2) {
            true => self.param(node, "bias", 2, &[filters])?,
            false => {
                super::lines::Param { name: "bias", shape: vec![filters], values: vec![0.0; filters].into() }
            }
        };
        let params = vec![self.param(node, "weight", 1, &weight.shape)?, bias];
        let mut settings = settings(window, [1, 1]);
        settings.insert(0, ("filters", filters.to_string()));
        if more != [0, 0] {
            settings.push(("output_padding", pair(more)));
        }
        if groups != 1 {
            settings.push(("groups", groups.to_string()));
        }
        let (kind, sources, origin) = ("ConvTranspose2d", vec![input.value], node.origin(1));
        self.push(Line { kind, settings, sources, output, params, origin })
    }

    pub fn pooling(&mut self, node: &Node, kind: &'static str) -> Result<Feature, Refusal> {
        let input = self.maps(node, 0)?;
        let mut window = node.window(node.kernel_shape()?, input.dims, [0; 4])?;
        let output = outputs::pooled(kind, input.dims, window).map_err(misfit)?;
        if window.ceil {
            // Only if it makes a difference.
            let floor = Window { ceil: false, ..window };
            window.ceil = outputs::pooled(kind, input.dims, floor).ok() != Some(output);
        }
        let mean = kind == "AvgPool2d";
        if mean && window.dilation != [1, 1] {
            return Err(Refusal::layer("AveragePool with dilations"));
        }
        let mut settings = settings(window, window.kernel);
        if window.ceil {
            settings.push(("ceil_mode", "true".into()));
        }
        if mean && window.padding != [0; 4] && node.int("count_include_pad", 0)? == 0 {
            settings.push(("count_include_pad", "false".into()));
        }
        let (sources, origin) = (vec![input.value], node.origin(usize::MAX));
        self.push(Line { kind, settings, sources, output, params: Vec::new(), origin })
    }

    /// Means, or largest values, of whole channels.
    pub fn global_pooling(&mut self, node: &Node, kind: &'static str) -> Result<Feature, Refusal> {
        let input = self.maps(node, 0)?;
        let (settings, sources) = (vec![("size", "1".into())], vec![input.value]);
        let output = Dims::chw(input.dims.channels(), 1, 1);
        self.push(Line {
            kind,
            settings,
            sources,
            output,
            params: Vec::new(),
            origin: node.origin(usize::MAX),
        })
    }
}
