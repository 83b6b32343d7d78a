//! Networks that must not compile, each beside a twin that does and that differs in one number, one name or
//! one line. `ui/fail/*.stderr` holds the compiler's messages (`UI_MESSAGES=overwrite` rewrites them).

mod compiler;

use std::fs;
use std::path::PathBuf;

use rayon::prelude::*;

/// The compiler whose messages `ui/fail/*.stderr` holds: others word and lay out the rest around our sentences
/// differently.
const COMPILER: &str = "rustc 1.95.";

/// The Rust files of a folder, in the order of their names.
fn programs(folder: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|e| e == "rs")).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{folder} is empty");
    paths
}

/// Runs `complaint` on each file, and fails with all complaints together.
fn each(folder: &str, complaint: impl Fn(PathBuf) -> Option<String> + Sync + Send) {
    let complaints: Vec<String> = programs(folder).into_par_iter().filter_map(complaint).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

#[test]
fn misfits_do_not_compile() {
    let version = String::from_utf8(compiler::rustc().arg("--version").output().unwrap().stdout).unwrap();
    if !version.starts_with(COMPILER) {
        eprintln!("the messages are those of {COMPILER}x, this is {version}: only the twins are tried");
        return;
    }
    let overwrite = std::env::var_os("UI_MESSAGES").is_some_and(|value| value == "overwrite");
    each("tests/ui/fail", |path| {
        let compiled = compiler::check(&path);
        if compiled.status.success() {
            return Some(format!("{} compiles", path.display()));
        }
        let found = compiler::normalized(&String::from_utf8(compiled.stderr).unwrap());
        let expected = path.with_extension("stderr");
        if overwrite {
            fs::write(&expected, found).unwrap();
            return None;
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        (found != expected)
            .then(|| format!("{}: expected the messages\n{expected}\nfound\n{found}", path.display()))
    });
}

#[test]
fn twins_compile() {
    each("tests/ui/pass", |path| {
        let built = compiler::build(&path);
        let said = || String::from_utf8_lossy(&built.stderr).into_owned();
        (!built.status.success()).then(|| format!("{}: {}", path.display(), said()))
    });
}

/// Mistakes that the compiler tells more than once: in types written by hand, which it checks at each use, and a block that
/// is not declared, whose value is then missing too.
const SEVERAL: [&str; 8] = [
    "binary_loss_on_probabilities",
    "block_unknown",
    "data_of_another_shape",
    "dense_behind_flatten",
    "dense_input",
    "stacked_channels",
    "typed_line",
    "wrong_channels",
];

/// The first two lines of each message: our sentence, with both numbers, and the line it points at.
#[test]
fn messages_say_what_is_wrong_and_where() {
    let said = [
        ("binary_loss_on_probabilities", "comes from a softmax", "Probabilities<10>", "the loss", "fit(data"),
        ("class_count", "do not label", "Class<12>", "Flat<10>", "fit(data"),
        ("value_count", "no value for each entry", "Flat<3>", "Flat<2>", "fit(data"),
        (
            "colours_of_the_test_part",
            "a test set is only for evaluation",
            "TestSet<",
            "or statistics",
            "of(data",
        ),
        ("data_of_another_shape", "the network takes samples of shape", "28, 28>", "32, 28>", "fit(data"),
        ("declared_output", "is declared to give", "Flat<12>", "Flat<10>", "struct Net"),
        ("dense_behind_flatten", "the shapes do not agree", "Flat<256>", "Flat<400>", "check()"),
        ("dense_input", "the shapes do not agree", "Flat<84>", "Flat<120>", "check()"),
        (
            "dilation_too_large",
            "Conv2d conv: a 3x3 kernel with dilation 3",
            "covers 7x7",
            "6x6 input",
            "conv: Conv2d",
        ),
        ("dropout_rate", "Dropout dropout: expected", "at least 0", "below 1", "rate: 1.0"),
        ("fit_on_the_test_part", "a test set is only for evaluation", "TestSet<", "no training", "fit(data"),
        ("flatten_off_by_one", "Flatten: an input of", "400", "401", "check()"),
        ("flatten_twice", "`Flatten` takes", "Chw<C, H, W>", "Flat<36>", "flatten2: Flatten"),
        (
            "groups_do_not_divide",
            "Conv2d conv: expected groups",
            "divide 4 channels",
            "found 3",
            "conv: Conv2d",
        ),
        (
            "group_of_one_value",
            "InstanceNorm norm: expected more than 1 value in a group",
            "found 1",
            "an input of 4x1x1",
            "norm: InstanceNorm",
        ),
        (
            "groups_of_channels",
            "GroupNorm norm: expected groups",
            "divide 4 channels",
            "found 3",
            "norm: GroupNorm",
        ),
        (
            "image_of_another_size",
            "the network takes samples of shape",
            "28, 28>",
            "28, 32>",
            "predict(&image)",
        ),
        (
            "input_of_another_size",
            "the network takes samples of shape",
            "28, 28>",
            "32, 28>",
            "infer(&images)",
        ),
        ("kernel_too_large", "Conv2d conv2: a", "7x7", "5x5", "conv2: Conv2d"),
        ("layer_called_new", "a layer cannot be called", "`new`", "every network has a function", "network!"),
        ("layer_name_twice", "identifier `conv`", "more than once", "in this", "conv: Conv2d"),
        ("layers_swapped", "Conv2d conv: takes", "channels x height x width", "vector of 36", "conv: Conv2d"),
        ("leaky_slope", "LeakyRelu leaky: expected", "above 0", "below 1", "slope: 1.0"),
        ("likelihood_on_logits", "does not fit", "NegativeLogLikelihood", "Flat<10>", "fit(data"),
        ("mask_of_other_classes", "do not label the pixels", "Mask<3, 4, 4>", "Chw<2, 4, 4>", "fit(data"),
        ("missing_flatten", "Dense fc: takes a vector", "4x2x2", "16", "fc: Dense"),
        ("normalization_of_the_test_part", "only for evaluation", "TestSet<", "or statistics", "of(data"),
        (
            "output_padding_too_large",
            "ConvTranspose2d up: expected output padding below",
            "stride of 2",
            "found 2",
            "up: ConvTranspose2d",
        ),
        ("padding_too_large", "Conv2d conv: expected padding", "5x5", "found 5", "conv: Conv2d"),
        (
            "padding_alone",
            "AvgPool2d pool: expected padding that leaves a value",
            "of the 6x5 input",
            "found (0, 0, 3, 0)",
            "pool: AvgPool2d",
        ),
        ("parameter_as_stride", "cannot find value", "`N`", "in this scope", "stride: N"),
        ("parameter_declared_output", "is declared to give", "Flat<CLASSES>", "Flat<10>", "struct Net"),
        ("parameter_kernel_too_large", "Conv2d conv: a", "9x9", "8x8", "conv: Conv2d"),
        ("pool_too_large", "MaxPool2d pool2: a", "5x5", "4x4", "pool2: MaxPool2d"),
        ("softmax_twice", "the shapes do not agree", "Softmax", "Probabilities<10>", "softmax2: Softmax"),
        ("softmax_under_logit_loss", "does not fit", "SoftmaxCrossEntropy", "Probabilities<10>", "fit(data"),
        (
            "stacked_channels",
            "the shapes do not agree",
            "Chw<5, 24, 24>",
            "Chw<6, 24, 24>",
            "Conv2d::<Chw<5, 24, 24>",
        ),
        ("stacked_height", "MaxPool2d: an input of", "6x12x12", "6x13x12", ".then(Pool::new())"),
        ("stride_zero", "Conv2d conv1: expected a stride", "at least 1", "found 0", "conv1: Conv2d"),
        (
            "foreign_setting",
            "pooling has no setting",
            "`filters`",
            "it has `kernel`, `stride`, `padding`",
            "pool: MaxPool2d",
        ),
        (
            "missing_setting",
            "Conv2d conv2: expected a kernel",
            "at least 1x1",
            "`kernel` missing",
            "conv2: Conv2d",
        ),
        ("renamed_layer", "batch normalisation", "is called", "`BatchNorm` here", "norm: BatchNorm2d"),
        ("renamed_merge", "`Concatenate` and `cat`", "are called", "`Concat(a, b", "both: Concatenate"),
        ("renamed_with_settings", "`ReLU`", "is called", "`Relu` here", "relu1: ReLU"),
        ("renamed_word", "expected type", "found macro", "`ReLU`", "relu1: ReLU"),
        (
            "unknown_setting",
            "`Conv2d` has no setting",
            "`kernel_size`",
            "it has `filters`, `kernel`",
            "conv2: Conv2d",
        ),
        ("typed_line", "the shapes do not agree", "Chw<5, 24, 24>", "Chw<6, 24, 24>", "conv2: Conv2d"),
        ("typed_line_height", "Conv2d conv2: an input of", "16x20x20", "16x21x20", "network!"),
        (
            "upsample_of_a_vector",
            "Upsample2d up: takes",
            "channels x height x width",
            "vector of 7",
            "up: Upsample2d",
        ),
        (
            "validate_with_the_test_part",
            "a test set is only for evaluation",
            "TestSet<",
            "validation or",
            "fit(data, validation)",
        ),
        ("weights_of_another_count", "class weights", "[f64; 12]", "of the network's outputs", "fit(data"),
        (
            "weights_of_another_shape",
            "weights of Net: conv1.weight",
            "expected F32 [6, 1, 3, 3]",
            "found F32 [6, 1, 5, 5]",
            "convnet::weights!",
        ),
        ("wrong_channels", "the shapes do not agree", "Chw<5, 24, 24>", "Chw<6, 24, 24>", "check()"),
        ("wrong_height", "Conv2d: an input of", "6x24x24", "6x25x24", "check()"),
        ("add_of_one", "Add sum: takes", "at least 2", "found 1", "sum: Add(relu)"),
        (
            "add_of_other_channels",
            "Add sum:",
            "`conv` is 9x16x16",
            "`relu` is 8x16x16",
            "sum: Add(conv, relu)",
        ),
        ("add_of_other_size", "Add sum:", "`conv` is 8x14x14", "`relu` is 8x16x16", "sum: Add(conv, relu)"),
        (
            "block_called_like_a_layer",
            "a block cannot be called",
            "`Relu`",
            "a layer has this name",
            "block!",
        ),
        ("block_unknown", "cannot find macro", "`Bottleneck`", "in this scope", "layer1: Bottleneck"),
        (
            "concat_of_a_vector",
            "Concat both:",
            "`stem` is 8x16x16",
            "`mean` is 8",
            "both: Concat(stem, mean)",
        ),
        (
            "concat_of_other_size",
            "Concat both:",
            "`stem` is 8x16x16",
            "`conv` is 4x8x8",
            "both: Concat(stem, conv)",
        ),
        ("kernel_in_a_group", "Conv2d layer.0.1: a", "17x17", "16x16", "1: Conv2d"),
        ("line_called_input", "a line cannot be called", "`input`", "is given", "network!"),
        (
            "multiply_by_other_channels",
            "Multiply scaled:",
            "`stem` is 8x16x16",
            "`gate` is 4x1x1",
            "scaled: Multiply",
        ),
        ("multiply_of_three", "Multiply scaled: takes", "2 values", "found 3", "scaled: Multiply"),
        ("name_twice_in_a_group", "identifier `conv`", "more than once", "in this", "conv: Conv2d"),
        (
            "setting_of_a_block_missing",
            "Basic layer1:",
            "the setting `filters`",
            "is missing",
            "layer1: Basic",
        ),
        ("setting_of_a_block_unknown", "struct `Basic`", "no field named", "`strides`", "layer1: Basic"),
        (
            "own_merge_of_other_shapes",
            "the shapes do not agree: `Difference` cannot merge",
            "Chw<4, 6, 6>",
            "Chw<5, 6, 6>",
            "contrast: Difference(near, far)",
        ),
        ("source_comes_later", "cannot find value", "`late`", "in this scope", "sum: Add(relu, late)"),
        ("source_does_not_exist", "cannot find value", "`steam`", "in this scope", "sum: Add(relu, steam)"),
        ("source_in_a_group", "cannot find value", "`relu`", "in this scope", "sum: Add(stem, relu)"),
        ("source_of_a_layer", "cannot find value", "`missing`", "in this scope", "side: Conv2d(missing)"),
        (
            "sum_in_a_block",
            "Add layer1.1.sum:",
            "`conv2` is 8x8x8",
            "`input` is 8x16x16",
            "sum: Add(conv2, input)",
        ),
        (
            "sum_in_a_block_in_a_block",
            "Add layer1.second.sum:",
            "is 9x16x16",
            "is 8x16x16",
            "sum: Add(conv2, input)",
        ),
        ("value_that_no_line_reads", "value lost:", "no line reads it", "another source", "lost: Conv2d"),
        ("wrong_width", "MaxPool2d: an input of", "6x14x14", "6x14x13", "check()"),
    ];
    let files = fs::read_dir("tests/ui/fail")
        .unwrap()
        .filter(|f| f.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "rs"));
    assert_eq!(files.count(), said.len(), "a line here for each failing network");
    for (name, ours, one, other, place) in said {
        let message = fs::read_to_string(format!("tests/ui/fail/{name}.stderr")).unwrap();
        let first = message.lines().next().unwrap();
        for part in [ours, one, other] {
            assert!(first.contains(part), "{name}: {part:?} is not in {first:?}");
        }
        if !SEVERAL.contains(&name) {
            let errors = message.lines().filter(|line| line.starts_with("error")).count();
            assert_eq!(errors, 1, "{name}: a mistake is told once");
        }
        // "--> tests/ui/fail/name.rs:8:16"
        let pointed = message.lines().nth(1).unwrap().rsplit(':').nth(1).unwrap();
        let line: usize =
            pointed.parse().unwrap_or_else(|_| panic!("{name}: points into no file:\n{message}"));
        let source = fs::read_to_string(format!("tests/ui/fail/{name}.rs")).unwrap();
        let shown = source.lines().nth(line - 1).unwrap();
        assert!(shown.contains(place), "{name}: points at {shown:?} and not at {place:?}");
    }
}

/// The other names of layers in `network!`: what each is called here, as a part of the sentence about it.
const RENAMED: [(&str, &str); 41] = [
    ("AdaptiveAveragePooling2D", "called `AdaptiveAvgPool2d {"),
    ("AdaptiveAvgPool2D", "called `AdaptiveAvgPool2d {"),
    ("AdaptiveMaxPool2D", "called `AdaptiveMaxPool2d {"),
    ("AdaptiveMaxPooling2D", "called `AdaptiveMaxPool2d {"),
    ("AveragePooling2D", "called `AvgPool2d {"),
    ("AvgPool2D", "called `AvgPool2d {"),
    ("BatchNorm1d", "called `BatchNorm`"),
    ("BatchNorm2d", "called `BatchNorm`"),
    ("BatchNormalization", "called `BatchNorm`"),
    ("Concatenate", "called `Concat("),
    ("Conv2D", "called `Conv2d {"),
    ("Conv2DTranspose", "called `ConvTranspose2d {"),
    ("ConvTranspose2D", "called `ConvTranspose2d {"),
    ("DropPath", "called `StochasticDepth {"),
    ("Dropout2d", "nearest are `Dropout {"),
    ("ELU", "called `Elu {"),
    ("GELU", "called `Gelu`"),
    ("GlobalAveragePooling2D", "called `GlobalAvgPool`"),
    ("GlobalAvgPool2d", "called `GlobalAvgPool`"),
    ("GroupNormalization", "called `GroupNorm {"),
    ("Hardsigmoid", "called `HardSigmoid {"),
    ("Hardswish", "called `HardSwish`"),
    ("InstanceNorm2d", "called `InstanceNorm {"),
    ("InstanceNormalization", "called `InstanceNorm {"),
    ("LayerNormalization", "called `LayerNorm {"),
    ("LeakyReLU", "called `LeakyRelu {"),
    ("Linear", "called `Dense {"),
    ("MaxPool2D", "called `MaxPool2d {"),
    ("MaxPooling2D", "called `MaxPool2d {"),
    ("PReLU", "called `PRelu {"),
    ("ReLU", "called `Relu`"),
    ("ReLU6", "called `Relu6`"),
    ("SELU", "called `Selu {"),
    ("SiLU", "called `Silu`"),
    ("SpatialDropout2D", "nearest are `Dropout {"),
    ("Swish", "called `Silu`"),
    ("UpSampling2D", "called `Upsample2d {"),
    ("Upsample", "called `Upsample2d {"),
    ("ZeroPad2d", "a setting here, `padding:"),
    ("ZeroPadding2D", "a setting here, `padding:"),
    ("cat", "called `Concat("),
];

/// Compiles a network with each of these layers, and returns the compiler's messages for each.
fn complaints(names: &[&str], settings: &str) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let mut program = String::from("use convnet::prelude::*;\n");
    for (n, name) in names.iter().enumerate() {
        program +=
            &format!("network! {{ struct Net{n}: Flat<4> => Flat<4> {{ line: {name}{settings} }} }}\n");
    }
    let path = folder.path().join("layers.rs");
    fs::write(&path, program + "fn main() {}\n").unwrap();
    let said = String::from_utf8(compiler::check(&path).stderr).unwrap();
    let of_line = |n: usize| {
        let place = format!("layers.rs:{}:", n + 2);
        let of_line = said.split("\n\n").filter(|message| message.contains(&place));
        of_line.map(str::to_string).collect()
    };
    (0..names.len()).map(of_line).collect()
}

/// Layers that have no settings here, and in PyTorch perhaps some, such as `inplace`.
#[test]
fn layers_without_settings_are_told() {
    let layers = fs::read_to_string("src/layer/mod.rs").unwrap();
    let names: Vec<&str> = (layers.lines())
        .filter_map(|line| line.trim().strip_prefix("pub use crate::__no_settings as ")?.strip_suffix(';'))
        .collect();
    assert!(names.contains(&"Relu"), "{names:?}");
    for (name, messages) in names.iter().zip(complaints(&names, " { inplace: true }")) {
        assert_eq!(messages.len(), 1, "{name}: {messages:?}");
        assert!(messages[0].starts_with("error: this layer has no settings"), "{name}: {messages:?}");
    }
}

/// Each with settings and without: one message each, at its line. Without settings, the compiler suggests the layer.
#[test]
fn other_names_of_layers_are_told() {
    let layers = fs::read_to_string("src/layer/mod.rs").unwrap();
    let renamed = layers.lines().filter(|line| line.contains("crate::__renamed_"));
    let mut names: Vec<&str> =
        renamed.map(|line| line.trim_end_matches(';').rsplit(' ').next().unwrap()).collect();
    names.sort();
    assert_eq!(names, RENAMED.map(|(name, _)| name), "all other names");
    let complaints = |settings| complaints(&RENAMED.map(|(name, _)| name), settings);
    for ((name, sentence), messages) in RENAMED.iter().zip(complaints(" { size: 2 }")) {
        assert_eq!(messages.len(), 1, "{name}: {messages:?}");
        assert!(messages[0].starts_with("error: ") && messages[0].contains(sentence), "{name}: {messages:?}");
    }
    for ((name, sentence), messages) in RENAMED.iter().zip(complaints("")) {
        assert_eq!(messages.len(), 1, "{name}: {messages:?}");
        assert!(messages[0].contains(&format!("expected type, found macro `{name}`")), "{messages:?}");
        // The sentence begins with the layer that a suggestion names.
        if let Some((_, layer)) = sentence.split_once("called `") {
            let layer = layer.split([' ', '`', '(']).next().unwrap();
            assert!(messages[0].contains(&format!("line: {layer} }}")), "{name}: {messages:?}");
        }
    }
}

/// A twin differs in what its file's first line says, and in at most one more line.
#[test]
fn twins_differ_in_one_place() {
    for file in fs::read_dir("tests/ui/fail").unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let twin = format!("tests/ui/pass/{}", path.file_name().unwrap().to_str().unwrap());
        let code = |path: &std::path::Path| -> Vec<String> {
            fs::read_to_string(path).unwrap().lines().skip(1).map(str::to_string).collect()
        };
        let (fail, pass) = (code(&path), code(twin.as_ref()));
        let only_here = |a: &[String], b: &[String]| a.iter().filter(|line| !b.contains(line)).count();
        let differing = only_here(&fail, &pass).max(only_here(&pass, &fail));
        assert!(differing <= 2, "{}: {differing} lines differ from its twin", path.display());
    }
}
