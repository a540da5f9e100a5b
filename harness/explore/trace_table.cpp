// A replay as a table, for readers.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/explore/matrix.hpp"

namespace pidmap_stress::explore {
namespace {

[[nodiscard]] std::string_view to_string(std::memory_order order) noexcept {
    using enum std::memory_order;
    switch (order) {
        case relaxed:
            return "relaxed";
        case consume:
            return "consume";
        case acquire:
            return "acquire";
        case release:
            return "release";
        case acq_rel:
            return "acq_rel";
        case seq_cst:
            return "seq_cst";
    }
    return "?";
}

[[nodiscard]] std::string_view to_string(rmw_op op) noexcept {
    constexpr std::array<std::string_view, 8> names{"",    "exchange", "cas", "add",
                                                    "sub", "and",      "or",  "xor"};
    return names[static_cast<std::size_t>(op)];
}

/// A value as its cell means it: counts are signed, addresses are no news.
[[nodiscard]] std::string value_of(cell_role role, std::uint64_t value) {
    switch (role) {
        case cell_role::refcount:
        case cell_role::nr_free:
        case cell_role::last_pid:
        case cell_role::pid_max:
            return fmt::format("{}", static_cast<std::int32_t>(value));
        case cell_role::bitmap:
            return fmt::format("{:#x}", value);
        case cell_role::page:
            return value == 0 ? "none" : "page";
        case cell_role::object:
            return value == 0 ? "none" : "object";
        case cell_role::data:
            break;
    }
    // Data cells are small numbers, or the pointer of the table: its address is no news.
    return value > 0xffff ? "pointer" : fmt::format("{}", value);
}

[[nodiscard]] std::string text_of(const step& s) {
    const std::string stale = s.stale ? " stale" : "";
    const auto read = [&] { return value_of(s.role, s.read) + stale; };
    switch (s.kind) {
        case step_kind::load:
            return fmt::format("{} = {} [{}]", s.cell, read(), to_string(s.order));
        case step_kind::store:
            return fmt::format("{} := {} [{}]", s.cell, value_of(s.role, s.written),
                               to_string(s.order));
        case step_kind::update:
            return fmt::format("{} {} {} -> {} [{}]", s.cell, to_string(s.op), read(),
                               value_of(s.role, s.written), to_string(s.order));
        case step_kind::failed_update:
            return fmt::format("{} cas fails at {} [{}]", s.cell, read(), to_string(s.order));
        case step_kind::fence:
            return fmt::format("fence [{}]", to_string(s.order));
        case step_kind::choice:
            return fmt::format("choice {}", s.read);
        case step_kind::plain_read:
            return fmt::format("tenant = {}", s.read);
        case step_kind::plain_write:
            return fmt::format("tenant := {}", s.written);
        case step_kind::create:
            return fmt::format("create memory {}", s.read);
        case step_kind::destroy:
            return fmt::format("destroy memory {}", s.read);
        case step_kind::retire:
            return fmt::format("RELEASE memory {}", s.read);
        case step_kind::enter_section:
            return "read section begins";
        case step_kind::leave_section:
            return "read section ends";
    }
    return "?";
}

/// What stood in a cell last, for the cells that a reader follows.
class followed_cells {
public:
    explicit followed_cells(const std::vector<step>& steps) {
        // What a cell held before its first step is what that step read.
        for (const step& s : steps)
            if (is_followed(s) && s.kind != step_kind::store) values_.try_emplace(key(s), s.read);
    }
    void after(const step& s) {
        if (is_followed(s) && (s.kind == step_kind::update || s.kind == step_kind::store))
            values_[key(s)] = s.written;
    }
    [[nodiscard]] std::string text(cell_role role) const {
        std::string all;
        for (const auto& [which, value] : values_)
            if (which.first == role)
                all += fmt::format("{}{}", all.empty() ? "" : " ", value_of(role, value));
        return all;
    }

private:
    using name = std::pair<cell_role, location_id>;
    [[nodiscard]] static bool is_followed(const step& s) {
        return s.role == cell_role::refcount || s.role == cell_role::nr_free;
    }
    [[nodiscard]] static name key(const step& s) { return {s.role, s.location}; }
    std::map<name, std::uint64_t> values_;
};

}  // namespace

std::string to_table(const replay_result& run, unsigned threads) {
    constexpr std::size_t widest = 44;
    std::vector<std::size_t> widths(threads + 1U, 8);
    std::vector<std::string> texts;
    for (const step& s : run.steps) {
        const bool labelled = !s.label.empty();
        texts.push_back(labelled ? s.label + ": " + text_of(s) : text_of(s));
        if (s.thread <= threads)
            widths[s.thread] = std::clamp(texts.back().size(), widths[s.thread], widest);
    }
    std::string table = fmt::format("{:>4}", "step");
    for (unsigned t = 1; t <= threads; ++t)
        table += fmt::format(" | {:<{}}", fmt::format("thread {}", t), widths[t]);
    table += fmt::format(" | {:<8} | {}\n", "refcount", "nr_free");
    followed_cells cells(run.steps);
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
        const step& s = run.steps[i];
        cells.after(s);
        table += fmt::format("{:>4}", s.number);
        for (unsigned t = 1; t <= threads; ++t)
            table += fmt::format(" | {:<{}}", t == s.thread ? texts[i] : "", widths[t]);
        table += fmt::format(" | {:<8} | {}\n", cells.text(cell_role::refcount),
                             cells.text(cell_role::nr_free));
    }
    return table;
}

}  // namespace pidmap_stress::explore
