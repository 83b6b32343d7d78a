//! The examples that learn folders of photographs, and the one that uses the network elsewhere.

use std::path::Path;

use convnet::data::Preprocessing;
use convnet::model::SqueezeNet;
use convnet::prelude::*;
use convnet::store::Weights;

use super::example;

/// A folder with `images` plain images of each of two colours, and a text file that is named as an image.
fn colours(folder: &Path, images: u8) {
    for (class, colour) in [("blue", [20, 30, 200]), ("red", [210, 20, 30])] {
        std::fs::create_dir_all(folder.join(class)).unwrap();
        for i in 0..images {
            let pixels: Vec<u8> =
                (0..20 * 30).flat_map(|_| colour.map(|value: u8| value.saturating_add(i))).collect();
            let file = folder.join(class).join(format!("{i}.ppm"));
            std::fs::write(file, [b"P6 20 30 255\n", &pixels[..]].concat()).unwrap();
        }
    }
    std::fs::write(folder.join("red/torn.png"), "no picture").unwrap();
}

#[test]
fn any_folder_of_images_is_learnt() {
    let folder = tempfile::tempdir().unwrap();
    colours(folder.path(), 30);
    let out = tempfile::tempdir().unwrap();
    let path = |name: &str| out.path().join(name).to_str().unwrap().to_owned();
    let [net, table, plots] = ["net.safetensors", "answers.csv", "plots"].map(path);
    let options = ["--epochs", "4", "--save", &net, "--predictions", &table, "--plot", &plots];
    let output = example("image_folder", &[&[folder.path().to_str().unwrap()], &options[..]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("left out: ") && text.contains("torn.png"), "{text}");
    assert!(text.contains("60 images of 2 classes"), "{text}");
    assert_eq!(text.lines().last(), Some("test accuracy: 100.00 % (9/9)"), "{text}");
    let table = std::fs::read_to_string(table).unwrap();
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!((rows.len(), rows[0]), (10, "sample,file,class,name,probability,true_class"));
    for row in &rows[1..] {
        let cells: Vec<&str> = row.split(',').collect();
        let colour = if cells[2] == "0" { "blue" } else { "red" };
        assert!(
            cells[1].contains(&format!("/{colour}/")) && cells[3] == colour && cells[5] == cells[2],
            "{row}"
        );
    }
    assert!(std::fs::read_to_string(out.path().join("plots/worst.svg")).unwrap().contains("The worst of 9"));
    assert!(out.path().join("plots/least_sure.svg").exists());
    // Another program has the names and the preprocessing from the file.
    let picture = folder.path().join("red/7.ppm");
    let output = example("serve_file", &[&net, picture.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("red: ") && text.ends_with(" %\n"), "{text}");
    let nothing = example("image_folder", &["no/such/folder"]);
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("no/such/folder"));
}

/// A network that somebody else has trained learns the folder, and tells the classes of other images by their names.
#[test]
fn a_model_is_fine_tuned_on_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    colours(&folder.path().join("photos/all"), 10);
    let given = SqueezeNet::<1000>::new(1);
    given.save_f16(path("given.safetensors")).unwrap();
    let fine_tune = |model: &str, weights: &str, part: &str, frozen: &str| {
        let [photos, weights, tuned, plots] = ["photos", weights, "tuned.safetensors", "plots"].map(path);
        let given = ["--model", model, "--weights", &weights, &photos, "--part", part, "--freeze", frozen];
        example("fine_tune", &[&given[..], &["--save", &tuned, "--plot", &plots, "--epochs", "2"]].concat())
    };
    let output = fine_tune("squeezenet1_1", "given.safetensors", "all", "features");
    let (text, errors) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{errors}");
    assert!(text.contains("torn.png") && text.contains("20 images of 2 classes"), "{text}");
    assert!(text.contains("blue: ") && text.lines().last().unwrap().starts_with("test accuracy: "), "{text}");
    let tuned = Weights::open(path("tuned.safetensors")).unwrap();
    assert_eq!(tuned.metadata().classes, ["blue", "red"]);
    assert_eq!(tuned.metadata().preprocessing, Some(Preprocessing::imagenet()));
    assert!(std::fs::read_to_string(path("plots/fine_tune.svg")).unwrap().contains("Fine-tuning"));

    // All frozen layers are as they were, and the head is not.
    let tensors = |name: &str| {
        let mut net = SqueezeNet::<100>::new(2);
        let weights = Weights::open(path(name)).unwrap().convert();
        let weights = if name == "given.safetensors" { weights.skip("classifier.1") } else { weights };
        weights.load_into(&mut net).unwrap();
        net.model().params().to_vec()
    };
    let (before, after) = (tensors("given.safetensors"), tensors("tuned.safetensors"));
    let frozen = before.len() - (512 * 100 + 100);
    assert!(before[..frozen] == after[..frozen] && before[frozen..] != after[frozen..]);

    let [red, tuned] = ["photos/all/red/3.ppm", "tuned.safetensors"].map(path);
    let options = ["--model", "squeezenet1_1", "--weights", &tuned, "--json", &red];
    let output = example("classify", &options);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let probabilities = answers[0]["probabilities"].as_array().unwrap();
    assert_eq!(probabilities.len(), 100);
    let name = answers[0]["class"].as_u64().and_then(|class| ["blue", "red"].get(class as usize).copied());
    assert_eq!(answers[0]["name"].as_str(), name);

    let given = "given.safetensors";
    for (model, weights, part, frozen, told) in [
        ("squeezenet1_1", "none.safetensors", "all", "features", "none.safetensors"),
        ("squeezenet1_1", "photos/all/red/3.ppm", "all", "features", "3.ppm"),
        ("squeezenet1_1", given, "all", "layer1", "layer1"),
        ("squeezenet1_1", given, "some", "features", "some"),
        ("resnet18", given, "all", "layer1", "conv1"),
        ("resnet", given, "all", "layer1", "resnet18"),
    ] {
        let output = fine_tune(model, weights, part, frozen);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && errors.contains(told), "{told:?} is not in {errors}");
    }
}
