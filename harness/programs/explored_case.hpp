#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "allocator/contract.hpp"
#include "harness/explorer/search/explore.hpp"
#include "harness/programs/explored_variant.hpp"
#include "harness/programs/pidmap_setting.hpp"
#include "harness/programs/script/script.hpp"

/// Explored programs, by name: a token is such a name and a schedule.
namespace pidmap_stress::explore {

/// What a finding shows: a crash; or the invariant that the program named, or that the engine's
/// kind of finding stands for. Nothing if the finding is the harness's own fault.
[[nodiscard]] std::optional<defect> broken_by(const finding& f) noexcept;

/// A program over a variant, under a memory model.
struct explored_case {
    const explored_variant* variant = nullptr;
    pidmap_setting setting{};       ///< A cell of the matrix ...
    std::optional<script> calls{};  ///< ... or these calls, if there are any.
    explore::model model = explore::model::rc11;
    freeze_point freeze{};          ///< A thread that stops forever, if progress is at stake.
    std::optional<defect> shows{};  ///< What an execution of it is to show.

    [[nodiscard]] discipline how() const noexcept { return calls ? calls->how : setting.how; }
    [[nodiscard]] script program() const {
        return calls ? *calls : setting.scenario->calls(setting);
    }
};
/// "sound/lookup/page_zero/2x1/2x8/rc11", or "sound/lookup/calls/2x4/max8/last4/4=af0/rc11"; then
/// "/stopped-1-after-5" if thread 1 stops forever, and "/no_underflow" if that is what it shows.
[[nodiscard]] std::string to_string(const explored_case& what);
/// The inverse. \return nothing if the text is not such a name, or names what is not built.
[[nodiscard]] std::optional<explored_case> parse_case(std::string_view text);
/// `how`, with the case's own settings: for explore() and replay().
[[nodiscard]] options options_of(const explored_case& what, options how = {});
/// What is wrong with it, in one line; nothing if it can be explored.
[[nodiscard]] std::optional<std::string> why_not(const explored_case& what);

/// A token names its case and its schedule: `replay` needs nothing else.
[[nodiscard]] std::string make_token(const explored_case& what, const schedule& choices,
                                     std::string_view build);
struct case_token {
    explored_case of{};
    schedule choices{};
    bool same_build = false;
};
/// \return nothing if the text is no token, was damaged, or names no case that is built.
[[nodiscard]] std::optional<case_token> parse_case_token(std::string_view text,
                                                         std::string_view build);

/// Identifies this build: a hash of the running program, as far as it is loaded. Commit and date of
/// the build are left out: another commit with the same code has the same tokens.
[[nodiscard]] const std::string& build_identity();

}  // namespace pidmap_stress::explore
