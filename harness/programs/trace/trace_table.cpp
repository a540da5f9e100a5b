// A trace as a table, and as lines of text.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "harness/programs/trace/trace.hpp"

namespace pidmap_stress::explore {
namespace {

/// Values of cells in a few words: "2", or "page 0: 1, page 1: 0".
[[nodiscard]] std::string to_words(const std::vector<followed_value>& values) {
    std::string words;
    for (const followed_value& one : values) {
        if (!words.empty()) words += ' ';
        if (one.page) words += fmt::format("{}:", *one.page);
        words += fmt::format("{}", one.value);
    }
    return words;
}

[[nodiscard]] std::string source_of(const step& s) {
    const bool reads = s.kind == step_kind::load || s.kind == step_kind::update ||
                       s.kind == step_kind::failed_update;
    if (!reads) return "";
    return s.read_from ? fmt::format("{}", *s.read_from) : "set-up";
}

[[nodiscard]] std::string where(const trace_row& row) {
    if (row.edge.empty()) return row.place;
    return row.place + (row.place.empty() ? "(" : " (") + row.edge + ")";
}

[[nodiscard]] std::string introduction(const trace& seen) {
    return fmt::format("{}\n{}\n{}\nagain: {}\n", seen.headline, seen.name, seen.in_words,
                       seen.command);
}

/// What is not shown, and how to see it.
[[nodiscard]] std::string conclusion(const trace& seen, bool full) {
    std::string text;
    for (const std::string& one : seen.broken_in_the_end(full))
        text += fmt::format(">> when all is done: BROKEN {}\n", one);
    if (full) return text;
    const std::size_t folded = seen.rows.size() - seen.shown() - seen.later;
    if (folded != 0)
        text += fmt::format(
            "{} steps are not shown: they neither change a count or a bitmap nor meet another "
            "thread's\n",
            folded);
    if (seen.later != 0)
        text += fmt::format("{} steps come later, and are not shown\n", seen.later);
    if (folded + seen.later != 0) text += "--full shows all steps\n";
    return text;
}

/// Columns as wide as what is in them, or as what all but the widest need.
class layout {
public:
    explicit layout(std::vector<std::string> titles) : rows_{std::move(titles)} {}
    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    void add_note(std::string text) { rows_.push_back({std::move(text)}); }

    [[nodiscard]] std::string text() const {
        std::vector<std::size_t> widths(rows_.front().size());
        for (const auto& row : rows_)
            for (std::size_t i = 0; i < row.size() && row.size() == widths.size(); ++i)
                widths[i] = std::max(widths[i], row[i].size());
        std::string all;
        for (const auto& row : rows_) {
            std::string line;
            if (row.size() == widths.size())
                for (std::size_t i = 0; i < row.size(); ++i)
                    line += i == 0 ? fmt::format("{:>{}}", row[i], widths[i])
                                   : fmt::format(" | {:<{}}", row[i], widths[i]);
            else
                line = row.front();
            line.erase(line.find_last_not_of(' ') + 1);
            all += line + '\n';
        }
        return all;
    }

private:
    std::vector<std::vector<std::string>> rows_;
};

[[nodiscard]] std::string labelled(const trace_row& row) {
    return row.what.label.empty() ? row.text : row.what.label + ": " + row.text;
}

}  // namespace

std::string to_table(const trace& seen, bool full) {
    std::vector<std::string> titles{"step"};
    for (unsigned t = 1; t <= seen.threads; ++t) titles.push_back(fmt::format("thread {}", t));
    for (const char* const one : {"reads", "refcount", "nr_free", "where"})
        titles.emplace_back(one);
    layout table(titles);
    for (const std::string& one : seen.broken_at_first)
        table.add_note(fmt::format(">> before any step: BROKEN {}", one));
    for (const trace_row& row : seen.rows) {
        if (!row.matters && !full) continue;
        std::vector<std::string> cells{
            fmt::format("{}{}", row.broken.empty() ? "" : ">> ", row.what.number)};
        for (unsigned t = 1; t <= seen.threads; ++t)
            cells.push_back(t == row.what.thread ? labelled(row) : "");
        cells.push_back(source_of(row.what));
        cells.push_back(to_words(row.refcounts));
        cells.push_back(to_words(row.nr_free));
        cells.push_back(where(row));
        table.add(std::move(cells));
        for (const std::string& one : row.broken)
            table.add_note(fmt::format(">> BROKEN at step {}: {}", row.what.number, one));
    }
    return introduction(seen) + "\n" + table.text() + conclusion(seen, full);
}

std::string to_text(const trace& seen, bool full) {
    std::string text = introduction(seen);
    for (const std::string& one : seen.broken_at_first)
        text += fmt::format(">> before any step: BROKEN {}\n", one);
    for (const trace_row& row : seen.rows) {
        if (!row.matters && !full) continue;
        const std::string from = source_of(row.what);
        const std::string place = where(row);
        text +=
            fmt::format("{}. thread {}, {}{}{}\n", row.what.number, row.what.thread, labelled(row),
                        from.empty()       ? ""
                        : from == "set-up" ? ", read from the set-up"
                                           : ", read from step " + from,
                        place.empty() ? "" : "  [" + place + "]");
        for (const std::string& one : row.broken) text += fmt::format("   >> BROKEN {}\n", one);
    }
    return text + conclusion(seen, full);
}

}  // namespace pidmap_stress::explore
