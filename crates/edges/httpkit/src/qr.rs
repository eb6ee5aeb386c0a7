//! Pictures that a telephone reads (QR codes), as SVG.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};
use tessera_kernel::{Fault, Result};

/// The quiet zone around the picture, in modules, as the standard asks for.
const BORDER: i32 = 4;

/// The picture of a text: black on white in any colour scheme, without scripts or links.
///
/// # Errors
/// `Invalid` for a text that is too long (about 2900 bytes).
pub fn svg(text: &str) -> Result<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium)
        .map_err(|error| Fault::invalid("text", error.to_string()))?;
    let size = code.size() + 2 * BORDER;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            write!(path, "M{} {}h1v1h-1z", x + BORDER, y + BORDER)
                .map_err(|error| Fault::internal("a picture", error))?;
        }
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" role=\"img\" \
         aria-label=\"QR code\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{size}v{size}h-{size}z\"/>\
         <path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_picture_has_the_size_of_its_version_and_a_border() {
        let svg = super::svg("otpauth://totp/x?secret=ABC").expect("short enough");
        // Version 3 has 29 modules.
        assert!(svg.contains("viewBox=\"0 0 37 37\""), "{svg}");
        assert!(super::svg(&"x".repeat(5000)).is_err());
    }
}
