//! Operators of ONNX without windows or matrices, as lines of a declaration.

use super::lines::{Line, Param};
use super::model::Node;
use super::sizes::are_last;
use super::translate::{Feature, MOST_VALUES, Refusal, Translation, count, pair, shown};
use crate::shape::Dims;

impl Translation<'_> {
    pub fn activation(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let setting = |name: &'static str, number: f32, default: f32| {
            if number == default { vec![] } else { vec![(name, format!("{number:?}"))] }
        };
        let (kind, settings) = match node.op.as_str() {
            "Relu" | "Sigmoid" | "Tanh" | "Softplus" | "Mish" | "HardSwish" => {
                let known = ["Relu", "Sigmoid", "Tanh", "Softplus", "Mish", "HardSwish"];
                (*known.iter().find(|kind| **kind == node.op).expect("one of these"), vec![])
            }
            "Gelu" if node.text("approximate")?.unwrap_or("none") == "none" => ("Gelu", vec![]),
            "Gelu" => ("GeluTanh", vec![]),
            "LeakyRelu" => ("LeakyRelu", setting("negative_slope", node.float("alpha", 0.01)?, 0.01)),
            "Elu" => ("Elu", setting("alpha", node.float("alpha", 1.0)?, 1.0)),
            "HardSigmoid" => {
                let (alpha, beta) = (node.float("alpha", 0.2)?, node.float("beta", 0.5)?);
                let mut settings = setting("alpha", alpha, (1.0 / 6.0_f64) as f32);
                settings.extend(setting("beta", beta, 0.5));
                ("HardSigmoid", settings)
            }
            "Clip" => {
                let low = node.attribute_or(self.number(node, 1)?, "min")?.unwrap_or(f32::MIN);
                let high = node.attribute_or(self.number(node, 2)?, "max")?.unwrap_or(f32::MAX);
                match (low, high) {
                    (0.0, 6.0) => ("Relu6", vec![]),
                    (0.0, f32::MAX..) => ("Relu", vec![]),
                    _ => return Err(Refusal::layer(format!("Clip to {low:?} to {high:?}"))),
                }
            }
            other => return Err(Refusal::layer(shown(other))),
        };
        // Value by value, also where ONNX sees a vector as C×1×1.
        let input = self.reshaped(node, 0)?;
        let output = self.plain(node, kind, settings, input, self.declared(input.value))?;
        Ok(Feature { dims: input.dims, ..output })
    }

    pub fn softmax(&mut self, node: &Node, kind: &'static str) -> Result<Feature, Refusal> {
        let input = self.vector(node, 0)?;
        if !matches!(node.int("axis", -1)?, 1 | -1) {
            return Err(Refusal::layer(format!("{kind} over samples")));
        }
        let output = match kind {
            "Softmax" => input.dims.of_kind(Dims::PROBABILITIES),
            _ => input.dims.of_kind(Dims::LOG_PROBABILITIES),
        };
        self.plain(node, kind, vec![], input, output)
    }

    pub fn mean(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let keeps = node.int("keepdims", 1)? != 0;
        let axes = self.axes(node)?;
        if !are_last(&axes) {
            return Err(Refusal::layer(format!("ReduceMean over the axes {axes:?}")));
        }
        if keeps {
            return self.global_pooling(node, "AdaptiveAvgPool2d");
        }
        let input = self.maps(node, 0)?;
        self.plain(node, "GlobalAvgPool", vec![], input, Dims::flat(input.dims.channels()))
    }

    pub fn batch_norm(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let input = self.feature(node, 0)?;
        if node.int("training_mode", 0)? != 0 {
            return Err(Refusal::layer("BatchNormalization in training"));
        }
        let shape = [input.dims.channels()];
        let names = ["weight", "bias", "running_mean", "running_var"];
        let params: Result<Vec<Param>, Refusal> =
            names.iter().enumerate().map(|(i, name)| self.param(node, name, i + 1, &shape)).collect();
        let epsilon = node.float("epsilon", 1e-5)?;
        let settings = if epsilon == 1e-5 { vec![] } else { vec![("epsilon", format!("{epsilon:?}"))] };
        let (sources, origin) = (vec![input.value], node.origin(1));
        self.push(Line { kind: "BatchNorm", settings, sources, output: input.dims, params: params?, origin })
    }

    pub fn local_response_norm(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let input = self.maps(node, 0)?;
        let size = count("size", node.int("size", 0)?, MOST_VALUES)?;
        if size % 2 == 0 {
            return Err(Refusal::layer(format!("LRN over {size} channels, an even number")));
        }
        let settings = vec![
            ("size", size.to_string()),
            ("alpha", format!("{:?}", node.float("alpha", 1e-4)?)),
            ("beta", format!("{:?}", node.float("beta", 0.75)?)),
            ("k", format!("{:?}", node.float("bias", 1.0)?)),
        ];
        self.plain(node, "LocalResponseNorm", settings, input, input.dims)
    }

    pub fn multiply(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let (a, b) = (self.reshaped(node, 0)?, self.reshaped(node, 1)?);
        let (a, b) = if a.dims.len() < b.dims.len() { (b, a) } else { (a, b) };
        let gate =
            b.dims.is_maps() && b.dims.channels() == a.dims.channels() && b.dims.len() == b.dims.channels();
        if a.dims != self.declared(a.value) || (a.dims != b.dims && !gate) {
            return Err(Refusal::layer(format!("Mul of {} and {}", a.dims, b.dims)));
        }
        self.merge(node, "Multiply", &[a, b], a.dims)
    }

    pub fn concatenation(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let parts: Result<Vec<Feature>, Refusal> =
            (0..node.inputs.len()).map(|index| self.feature(node, index)).collect();
        let parts = parts?;
        let Some(first) = parts.first().copied() else {
            return Err(Refusal::wrong("values to join", "none"));
        };
        let axes = if first.dims.is_maps() { [1, -3] } else { [1, -1] };
        let axis = node.int("axis", 1)?;
        if !axes.contains(&axis) {
            return Err(Refusal::layer(format!("Concat along axis {axis}")));
        }
        let mut channels = 0_usize;
        for part in &parts {
            let (a, b) = (part.dims, first.dims);
            if (a.is_maps(), a.height(), a.width()) != (b.is_maps(), b.height(), b.width()) {
                return Err(Refusal::wrong(format!("values of the size of {b}"), a));
            }
            channels = channels.saturating_add(a.channels());
        }
        if parts.len() == 1 {
            return Ok(first);
        }
        let output = match first.dims.is_maps() {
            true => Dims::chw(channels, first.dims.height(), first.dims.width()),
            false => Dims::flat(channels),
        };
        self.merge(node, "Concat", &parts, output)
    }

    pub fn merge(
        &mut self,
        node: &Node,
        kind: &'static str,
        parts: &[Feature],
        output: Dims,
    ) -> Result<Feature, Refusal> {
        let sources = parts.iter().map(|part| part.value).collect();
        let (settings, params, origin) = (Vec::new(), Vec::new(), node.origin(usize::MAX));
        self.push(Line { kind, settings, sources, output, params, origin })
    }

    pub fn resize(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let input = self.maps(node, 0)?;
        let sides = [input.dims.height(), input.dims.width()];
        // Scales, or sizes in their place; older versions have scales as the second input.
        let scales = if node.has_input(3) {
            let sizes = self.tensor(node, 3)?;
            let sizes = sizes.ints().filter(|sizes| sizes.len() == 4).unwrap_or(&[0; 4]).to_vec();
            [2, 3].map(|axis| sizes[axis] as f64 / sides[axis - 2] as f64)
        } else {
            let scales = self.tensor(node, if node.has_input(2) { 2 } else { 1 })?;
            let scales = scales
                .floats()
                .map(|scales| &scales[..])
                .filter(|scales| scales.len() == 4)
                .unwrap_or(&[0.0; 4])
                .to_vec();
            [2, 3].map(|axis| f64::from(scales[axis]))
        };
        let whole = scales.iter().all(|scale| scale.fract() == 0.0 && (1.0..=65536.0).contains(scale));
        let place = node.text("coordinate_transformation_mode")?.unwrap_or("half_pixel");
        let mode = node.text("mode")?.unwrap_or("nearest");
        let rounding = node.text("nearest_mode")?.unwrap_or("round_prefer_floor");
        let known = match mode {
            "nearest" => matches!(
                (place, rounding),
                ("asymmetric", "floor")
                    | ("half_pixel" | "pytorch_half_pixel", "round_prefer_floor" | "round_prefer_ceil")
            ),
            "linear" => matches!(place, "half_pixel" | "pytorch_half_pixel"),
            _ => false,
        };
        if !whole || !known {
            let [rows, columns] = scales;
            return Err(Refusal::layer(format!(
                "Resize by {rows} and {columns}, {mode:?}, {place:?}, {rounding:?}"
            )));
        }
        let scale = scales.map(|scale| scale as usize);
        let mut settings = vec![("scale", pair(scale))];
        if mode == "linear" {
            settings.push(("mode", "UpsampleMode::Bilinear".into()));
        }
        let output = Dims::chw(
            input.dims.channels(),
            sides[0].saturating_mul(scale[0]),
            sides[1].saturating_mul(scale[1]),
        );
        self.plain(node, "Upsample2d", settings, input, output)
    }

    /// Zeros around a value, for the convolution that follows.
    pub fn pad(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let input = self.maps(node, 0)?;
        let pads = match node.ints("pads")? {
            Some(pads) => pads.to_vec(),
            None => self.tensor(node, 1)?.ints().unwrap_or_default().to_vec(),
        };
        let zeros = node.text("mode")?.is_none_or(|mode| mode == "constant")
            && self.number(node, 2)?.unwrap_or(0.0) == 0.0
            && node.float("value", 0.0)? == 0.0
            && !node.has_input(3);
        match pads[..] {
            [0, 0, top, left, 0, 0, bottom, right]
                if zeros && pads.iter().all(|pad| (0..65536).contains(pad)) =>
            {
                Ok(Feature { padding: [top, left, bottom, right].map(|pad| pad as usize), ..input })
            }
            _ => Err(Refusal::layer(format!("Pad by {pads:?}"))),
        }
    }
}
