#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/explorer/search/explore.hpp"
#include "harness/programs/explored_variant.hpp"
#include "harness/programs/matrix.hpp"
#include "harness/programs/script.hpp"

/// What can be run again: a token names a program, a model and a schedule, and needs nothing else.
namespace pidmap_stress::explore {

/// A variant that runs a script, and what is to be seen there.
struct script_case {
    const explored_variant* variant = nullptr;
    explore::script script{};
    explore::model model = explore::model::rc11;
    /// What the execution shows.
    defect shows = invariant{};
};
/// "sound/lookup/calls/2x4/max8/last4/4=af0/rc11/no_underflow".
[[nodiscard]] std::string to_string(const script_case& what);
[[nodiscard]] std::string make_token(const script_case& what, const schedule& choices,
                                     std::string_view build);

/// One execution of a program, by its schedule.
struct replayable {
    std::string name{};      ///< What stands before the schedule in its token.
    std::string in_words{};  ///< The setting, in sentences.
    const variant_info* variant = nullptr;
    discipline how{};
    explore::model model = explore::model::rc11;
    freeze_point freeze{};          ///< Who stops forever, if somebody does.
    std::optional<defect> shows{};  ///< What it is there to show, if the token says so.
    std::unique_ptr<program> runs{};
    schedule choices{};
    std::string token{};
    bool same_build = false;

    [[nodiscard]] replay_result replay() const;
};
/// \return nothing if the text is no token, was damaged, or names what is not built.
[[nodiscard]] std::optional<replayable> open_token(std::string_view token, std::string_view build);

}  // namespace pidmap_stress::explore
