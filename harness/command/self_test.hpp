#pragma once

namespace pidmap_stress {

/// Proves that the sanitizer of this build works: a planted fault is reported, and a clean
/// hand-over is not. \returns 0 if so, 3 if not, 4 in a build without a sanitizer.
[[nodiscard]] int run_self_test();

}  // namespace pidmap_stress
