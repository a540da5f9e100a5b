#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/explorer/search/explore.hpp"
#include "harness/programs/explored_case.hpp"

/// What can be run again: a token names a program, a model and a schedule, and needs nothing else.
namespace pidmap_stress::explore {

/// One execution of a program, by its schedule.
struct replayable {
    std::string name{};      ///< The part of its token before the schedule.
    std::string in_words{};  ///< The setting, in sentences.
    const variant_info* variant = nullptr;
    discipline how{};
    explore::model model = explore::model::rc11;
    freeze_point freeze{};          ///< The thread that stops forever, if one does.
    std::optional<defect> shows{};  ///< What it is to show, if the token says so.
    std::unique_ptr<program> runs{};
    schedule choices{};
    std::string token{};
    bool same_build = false;

    [[nodiscard]] replay_result replay() const;
};
/// \return nothing if the text is not a token, was damaged, or names what is not built.
[[nodiscard]] std::optional<replayable> open_token(std::string_view token, std::string_view build);

}  // namespace pidmap_stress::explore
