//! Every shader in every form it is launched in, without a GPU: valid WGSL within the guaranteed limits, with the
//! bindings and the `Params` that its Rust side declares. Each operation calls [`check_shaders`] on its kernels.

use std::collections::HashMap;
use std::path::Path;

use kinora_formats::BlockType;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{AddressSpace, ArraySize, StorageAccess, TypeInner};

use super::fill;
use super::launch::{Access, Kernel, MAX_BINDINGS, PARAMS_BYTES, Variant};

/// Bytes of workgroup memory and invocations of a workgroup that WebGPU guarantees.
const WORKGROUP_BYTES: u32 = 16 << 10;
const INVOCATIONS: u32 = 256;

/// Fails with the kernel's name on the first form that is wrong.
pub(crate) fn check_shaders(kernels: &[&Kernel]) {
    for kernel in kernels {
        assert!(!kernel.variants.is_empty(), "{}: no variant is checked", kernel.name);
        let blocks = if kernel.weights { BlockType::ALL.map(Some).to_vec() } else { vec![None] };
        for &variant in kernel.variants {
            for &block in &blocks {
                if let Err(e) = check(kernel, variant, &kernel.source(variant, block)) {
                    panic!("{} {variant:?} {block:?}: {e}", kernel.name);
                }
            }
        }
    }
}

fn check(kernel: &Kernel, variant: Variant, source: &str) -> Result<(), String> {
    let module = naga::front::wgsl::parse_str(source).map_err(|e| e.emit_to_string(source))?;
    let validate = |module: &naga::Module| {
        // Not an extension: what naga calls the conversions of core WGSL from and to f16 bits.
        Validator::new(ValidationFlags::all(), Capabilities::SHADER_FLOAT16_IN_FLOAT32)
            .validate(module)
            .map_err(|e| e.emit_to_string(source))
    };
    let info = validate(&module)?;
    let known: Vec<&str> = module.overrides.iter().filter_map(|(_, o)| o.name.as_deref()).collect();
    same("override constants", kernel.constants, &known)?;
    let constants = kernel.constants.iter().zip(variant.constants);
    let named = constants.clone().map(|(n, v)| ((*n).to_owned(), f64::from(v))).collect();
    let entry = Some((naga::ShaderStage::Compute, "main"));
    let (special, _) =
        naga::back::pipeline_constants::process_overrides(&module, &info, entry, &named).map_err(|e| e.to_string())?;
    validate(&special)?;

    let [entry] = special.entry_points.as_slice() else { return Err("not one entry point".into()) };
    let invocations: u32 = entry.workgroup_size.iter().product();
    if invocations > INVOCATIONS {
        return Err(format!("{invocations} invocations"));
    }
    let mut layouter = naga::proc::Layouter::default();
    layouter.update(module.to_ctx()).map_err(|e| e.to_string())?;
    let mut workgroup_bytes = 0;
    let mut bindings = HashMap::new();
    let mut params = None;
    for (_, variable) in module.global_variables.iter() {
        let ty = &module.types[variable.ty];
        let bytes = match ty.inner {
            TypeInner::Array { size: ArraySize::Pending(size), stride, .. } => {
                let name = module.overrides[size].name.as_deref();
                stride * constants.clone().find(|(n, _)| Some(**n) == name).ok_or("an array of unknown size")?.1
            }
            _ => layouter[variable.ty].size,
        };
        let slot = variable.binding.map(|b| (b.group, b.binding));
        match (variable.space, slot) {
            (AddressSpace::WorkGroup, _) => workgroup_bytes += bytes,
            (AddressSpace::Storage { access }, Some((0, i))) => {
                let writes = access.contains(StorageAccess::STORE);
                bindings.insert(i as usize, if writes { Access::Write } else { Access::Read });
            }
            (AddressSpace::Uniform, Some((1, 0))) => params = Some(variable.ty),
            (AddressSpace::Private, _) => (),
            (space, slot) => return Err(format!("a variable in {space:?} at {slot:?}")),
        }
    }
    if workgroup_bytes > WORKGROUP_BYTES {
        return Err(format!("{workgroup_bytes} bytes of workgroup memory"));
    }
    let found: Vec<Access> = (0..bindings.len()).filter_map(|i| bindings.get(&i).copied()).collect();
    if found != kernel.bindings || found.len() > MAX_BINDINGS {
        return Err(format!("bindings {found:?}, declared {:?}", kernel.bindings));
    }
    let params = params.ok_or("no Params at @group(1) @binding(0)")?;
    let size = layouter[params].size as usize;
    if size != kernel.params.size || size > PARAMS_BYTES {
        return Err(format!("Params of {size} bytes, {} in Rust", kernel.params.size));
    }
    let TypeInner::Struct { members, .. } = &module.types[params].inner else {
        return Err("Params is no struct".into());
    };
    let fields: Vec<&str> = members.iter().filter_map(|m| m.name.as_deref()).collect();
    same("fields of Params", kernel.params.fields, &fields)
}

fn same(what: &str, rust: &[&str], wgsl: &[&str]) -> Result<(), String> {
    if rust == wgsl { Ok(()) } else { Err(format!("{what}: {rust:?} in Rust, {wgsl:?} in WGSL")) }
}

#[test]
fn shaders_are_valid() {
    check_shaders(&[&fill::FILL]);
}

#[test]
fn every_operation_checks_its_shaders() {
    let ops = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops");
    let mut seen = 0;
    for op in std::fs::read_dir(ops).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let files: Vec<_> = std::fs::read_dir(&op).unwrap().map(|f| f.unwrap().path()).collect();
        let shaders: Vec<_> = files.iter().filter(|f| f.extension().is_some_and(|e| e == "wgsl")).collect();
        if shaders.is_empty() {
            continue;
        }
        let rust = std::fs::read_to_string(op.join("gpu.rs")).unwrap();
        assert!(rust.contains("check_shaders("), "{} has no check_shaders", op.display());
        for shader in shaders {
            let name = shader.file_name().unwrap().to_str().unwrap();
            assert!(rust.contains(&format!("include_str!(\"{name}\")")), "{name} is not used");
            seen += 1;
        }
    }
    assert!(seen >= 15, "found {seen} shaders");
}

/// A kernel as [`check`] wants it.
const GOOD: &str = "override WG: u32 = 64u;
struct Params { len: u32 }
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@group(1) @binding(0) var<uniform> p: Params;
@compute @workgroup_size(WG) fn main(@builtin(local_invocation_index) i: u32) { if (i < p.len) { y[i] = 0u; } }";

#[test]
fn planted_faults_in_a_shader_are_found() {
    let verdict = |source: &str, size: u32| check(&fill::FILL, Variant::workgroup(size), source);
    assert_eq!(verdict(GOOD, 64), Ok(()));
    assert!(verdict(GOOD, 512).is_err(), "too many invocations");
    let faults = [
        ("len: u32 }", "len: u32, more: u32 }", "Params of another size"),
        ("len: u32 }", "length: u32 }", "another field"),
        ("read_write> y", "read> y", "a read-only output"),
        ("binding(0) var<storage", "binding(1) var<storage", "another binding"),
        ("y[i] = 0u", "y[i] = 0.0", "a wrong type"),
        ("override WG: u32", "var<workgroup> large: array<f32, 5000>; override WG: u32", "too much workgroup memory"),
        ("override WG", "override SIZE", "another constant"),
    ];
    for (from, to, what) in faults {
        let source =
            GOOD.replace(from, to).replace("p.len)", if to.contains("length") { "p.length)" } else { "p.len)" });
        let source = source.replace("size(WG)", if to.contains("SIZE") { "size(SIZE)" } else { "size(WG)" });
        assert!(verdict(&source, 64).is_err(), "{what} was not found");
    }
}
