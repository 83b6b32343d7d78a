//! Convolutions that a user names on the command line: by their sizes, in a file, or all of a model.

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use convnet::kernel::conv::Geometry;
use convnet::model;
use convnet::prelude::*;
use convnet::shape::Window;

use crate::cases::Case;

/// Values that the input, the output or the weights of a convolution may have: 1 GiB each.
const MOST_VALUES: usize = 1 << 28;

#[derive(Args)]
pub struct Chosen {
    /// A convolution by its sizes, CHANNELSxROWSxCOLUMNS:FILTERS:KERNEL and, if wished, :sSTRIDE :pPADDING :dDILATION :gGROUPS
    /// :bSAMPLES, such as 64x56x56:128:3:s2:p1; kernel, stride, padding and dilation are one number or 3x5. May be repeated
    #[arg(long = "conv", value_name = "SIZES", value_parser = sizes)]
    convs: Vec<Sizes>,
    /// A file of convolutions, one in a line: sizes as above, or a name and sizes. What follows # is a comment
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Every convolution and dense layer of a model, such as resnet50
    #[arg(long, value_name = "NAME", value_parser = model_of)]
    pub model: Option<Model>,
    /// Samples, where the sizes do not say it
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
}

/// A convolution, and how many of a model have its sizes.
pub struct Choice {
    pub case: Case,
    pub count: usize,
}

impl Chosen {
    /// The convolutions that were named; none if none was.
    pub fn cases(&self) -> Result<Vec<Choice>, String> {
        let batch = usize::from(self.batch);
        let one = |name: &str, geometry: Geometry, samples: usize| {
            check_values(&geometry, samples)?;
            Ok(Choice { case: Case { name: Cow::Owned(name.to_owned()), samples, geometry }, count: 1 })
        };
        let of_sizes = |name: &str, sizes: &Sizes| one(name, sizes.geometry, sizes.samples.unwrap_or(batch));
        let convs = self.convs.iter().map(|sizes| of_sizes(&sizes.text, sizes));
        let mut all = convs.collect::<Result<Vec<Choice>, String>>()?;
        if let Some(path) = &self.file {
            let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            for (i, line) in text.lines().enumerate() {
                let line = line.split('#').next().unwrap_or_default();
                let words: Vec<&str> = line.split_whitespace().collect();
                let (name, text) = match words[..] {
                    [] => continue,
                    [text] => (text, text),
                    [name, text] => (name, text),
                    _ => {
                        return Err(format!("{}, line {}: expected a name and sizes", path.display(), i + 1));
                    }
                };
                let choice = sizes(text).and_then(|sizes| of_sizes(name, &sizes));
                all.push(choice.map_err(|error| format!("{}, line {}: {error}", path.display(), i + 1))?);
            }
            if all.is_empty() {
                return Err(format!("{}: expected a convolution in a line, found none", path.display()));
            }
        }
        if let Some(model) = &self.model {
            let mut of_model: Vec<Choice> = Vec::new();
            for (name, geometry) in (model.layers)() {
                match of_model.iter_mut().find(|choice| choice.case.geometry == geometry) {
                    Some(same) => same.count += 1,
                    None => of_model.push(one(&name, geometry, batch)?),
                }
            }
            all.append(&mut of_model);
        }
        Ok(all)
    }
}

/// A convolution as a user writes it.
#[derive(Clone)]
pub struct Sizes {
    text: String,
    geometry: Geometry,
    samples: Option<usize>,
}

/// Reads "64x56x56:128:3:s2:p1:g1".
pub fn sizes(text: &str) -> Result<Sizes, String> {
    let mut parts = text.split(':');
    let form = || format!("expected CHANNELSxROWSxCOLUMNS:FILTERS:KERNEL, found {text:?}");
    let mut next = || parts.next().ok_or_else(form);
    let (input, filters, kernel) = (numbers::<3>(next()?)?, numbers::<1>(next()?)?[0], pair(next()?)?);
    let (mut stride, mut padding, mut dilation, mut groups, mut samples) = ([1; 2], [0; 2], [1; 2], 1, None);
    for part in parts {
        let (letter, value) = part.split_at(part.chars().next().map_or(0, char::len_utf8));
        match letter {
            "s" => stride = pair(value)?,
            "p" => padding = pair(value)?,
            "d" => dilation = pair(value)?,
            "g" => groups = numbers::<1>(value)?[0],
            "b" => samples = Some(numbers::<1>(value)?[0]),
            _ => return Err(format!("expected s, p, d, g or b before a number, found {part:?}")),
        }
    }
    let all = [&input[..], &[filters, groups, samples.unwrap_or(1)], &kernel, &stride, &dilation].concat();
    if all.contains(&0) {
        return Err(format!("expected sizes above 0, found {text:?}"));
    }
    if input[0] % groups != 0 || filters % groups != 0 {
        return Err(format!(
            "expected groups that divide {} channels and {filters} filters, found {groups}",
            input[0]
        ));
    }
    let window = Window { dilation, ..Window::new(kernel, stride, padding) };
    let mut output = [filters, 0, 0];
    for axis in 0..2 {
        let (padded, extent) = (window.padded(axis, input[axis + 1]), window.extent()[axis]);
        let room = padded.checked_sub(extent);
        let room =
            room.ok_or_else(|| format!("expected a kernel of at most {padded}, found {extent} in {text:?}"))?;
        output[axis + 1] = room / stride[axis] + 1;
    }
    let geometry = Geometry { input, output, window, groups };
    Ok(Sizes { text: text.to_owned(), geometry, samples })
}

/// Refuses what memory may not hold.
fn check_values(geometry: &Geometry, samples: usize) -> Result<(), String> {
    let Geometry { input, output, window, .. } = geometry;
    let padded = [input[0], window.padded(0, input[1]), window.padded(1, input[2])];
    let values = |dims: &[usize]| dims.iter().try_fold(1_usize, |all, size| all.checked_mul(*size));
    let [kh, kw] = window.kernel;
    let weights = values(&[output[0], input[0] / geometry.groups, kh, kw]);
    let of_samples =
        [padded, *output].map(|dims| values(&dims).and_then(|of_one| of_one.checked_mul(samples)));
    if of_samples.into_iter().chain([weights]).any(|values| values.is_none_or(|values| values > MOST_VALUES))
    {
        return Err(format!(
            "expected at most {} values of input, output or weights, found more",
            MOST_VALUES
        ));
    }
    Ok(())
}

fn numbers<const N: usize>(text: &str) -> Result<[usize; N], String> {
    let numbers: Vec<usize> =
        text.split('x').map_while(|number| number.parse().ok().filter(|n| *n < 1 << 20)).collect();
    let is_whole = numbers.len() == text.split('x').count();
    let found =
        || format!("expected {N} whole numbers below {} with x between them, found {text:?}", 1 << 20);
    numbers.try_into().ok().filter(|_| is_whole).ok_or_else(found)
}

fn pair(text: &str) -> Result<[usize; 2], String> {
    if text.contains('x') { numbers(text) } else { numbers::<1>(text).map(|[both]| [both; 2]) }
}

/// A model's layers by name.
#[derive(Clone, Copy)]
pub struct Model {
    name: &'static str,
    layers: fn() -> Vec<(String, Geometry)>,
}

fn of<N: Network>() -> Vec<(String, Geometry)> {
    let net = N::with_init(Init::Zeros, 0);
    let steps = net.model().plan().steps();
    steps.iter().filter_map(|step| Some((step.name.clone(), step.op.convolution()?))).collect()
}

/// By torchvision's and timm's names.
const MODELS: [Model; 18] = [
    Model { name: "lenet", layers: of::<model::LeNet5> },
    Model { name: "alexnet", layers: of::<model::AlexNetTorchvision> },
    Model { name: "alexnet-small", layers: of::<model::AlexNetSmall> },
    Model { name: "densenet121", layers: of::<model::DenseNet121> },
    Model { name: "efficientnet_b0", layers: of::<model::EfficientNetB0> },
    Model { name: "googlenet", layers: of::<model::GoogLeNet> },
    Model { name: "mobilenet_v2", layers: of::<model::MobileNetV2> },
    Model { name: "mobilenet_v3_small", layers: of::<model::MobileNetV3Small> },
    Model { name: "mobilenet_v3_large", layers: of::<model::MobileNetV3Large> },
    Model { name: "resnet18", layers: of::<model::ResNet18> },
    Model { name: "resnet34", layers: of::<model::ResNet34> },
    Model { name: "resnet50", layers: of::<model::ResNet50> },
    Model { name: "resnet20-cifar", layers: of::<model::ResNet20Cifar> },
    Model { name: "seresnet50", layers: of::<model::SeResNet50> },
    Model { name: "squeezenet1_1", layers: of::<model::SqueezeNet> },
    Model { name: "vgg11", layers: of::<model::Vgg11> },
    Model { name: "vgg16", layers: of::<model::Vgg16> },
    Model { name: "unet", layers: of::<model::UNet> },
];

fn model_of(name: &str) -> Result<Model, String> {
    let found = MODELS.iter().find(|model| model.name == name).copied();
    let names = || MODELS.map(|model| model.name).join(", ");
    found.ok_or_else(|| format!("expected one of {}", names()))
}
