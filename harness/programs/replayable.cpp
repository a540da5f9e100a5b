#include "harness/programs/replayable.hpp"

#include <fmt/format.h>

#include <utility>

namespace pidmap_stress::explore {
namespace {

[[nodiscard]] std::string in_words(const explored_case& what) {
    if (what.calls) return describe(*what.calls);
    const pidmap_setting& s = what.setting;
    return fmt::format("{}: {}. {}", s.scenario->name, s.scenario->summary,
                       describe(what.program()));
}

}  // namespace

replay_result replayable::replay() const {
    return explore::replay(*runs, choices, {.model = model, .freeze = freeze});
}

std::optional<replayable> open_token(std::string_view token, std::string_view build) {
    auto of = parse_case_token(token, build);
    if (!of) return std::nullopt;
    const explored_case& what = of->of;
    return replayable{.name = std::string(token.substr(0, token.find(':'))),
                      .in_words = in_words(what),
                      .variant = what.variant->info,
                      .how = what.how(),
                      .model = what.model,
                      .freeze = what.freeze,
                      .shows = what.shows,
                      .runs = what.variant->make(what.program()),
                      .choices = std::move(of->choices),
                      .token = std::string(token),
                      .same_build = of->same_build};
}

}  // namespace pidmap_stress::explore
