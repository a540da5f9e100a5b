#include "harness/command/explore/emit_test.hpp"

#include "harness/base/say.hpp"
#include "harness/command/options.hpp"
#include "harness/command/report/results_file.hpp"
#include "harness/programs/regression/regression.hpp"

namespace pidmap_stress {

std::optional<int> emit_test(const std::string& path, const std::string& token,
                             std::string_view headline) {
    const auto opened = explore::parse_case_token(token, explore::build_identity());
    if (!opened) return std::nullopt;  // The caller has already printed what is wrong.
    const std::string text = explore::regression_test(opened->of, headline);
    if (const auto failed = put_text("--emit-test", path, text)) return failed;
    if (path != "-") say(stderr, "the finding as a test: {}\n", path);
    return std::nullopt;
}

}  // namespace pidmap_stress
