#include "harness/journal/reports/drawings.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "harness/journal/text/markup.hpp"
#include "harness/journal/text/safe_text.hpp"

namespace pidmap_stress::journal {
namespace {

// Of lanes, in the units of the drawing.
constexpr int lane_width = 366;
constexpr int lane_gap = 40;
constexpr int box_width = 356;
constexpr int box_height = 46;
constexpr int row_height = 62;
constexpr int head_height = 40;
constexpr int margin = 10;
constexpr int broken_height = 22;
constexpr std::size_t longest_line = 43;

[[nodiscard]] std::string shortened(std::string_view text, std::size_t most) {
    return escaped(safe_text::one_line(text, most));
}

[[nodiscard]] int left_of(unsigned thread) {
    return margin + static_cast<int>(thread - 1) * (lane_width + lane_gap);
}

[[nodiscard]] std::string box(const interleaving_step& step, std::size_t number, int top) {
    const int left = left_of(step.thread);
    const bool breaks = !step.broken.empty();
    const std::string where =
        step.edge.empty() && step.place.empty()
            ? ""
            : fmt::format("{}{}{}", step.edge, step.edge.empty() || step.place.empty() ? "" : ", ",
                          step.place);
    std::string text = fmt::format(
        "<g><title>{}. thread {}: {}{}{}{}</title>"
        "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\"/>"
        "<text class=\"what\" x=\"{}\" y=\"{}\">{}</text>"
        "<text class=\"call\" x=\"{}\" y=\"{}\">{}</text>"
        "<text class=\"call end\" x=\"{}\" y=\"{}\">{}</text></g>\n",
        number, step.thread, shown(step.call), step.call.empty() ? "" : ": ", shown(step.what),
        where.empty() ? "" : " (" + shown(where) + ")", breaks ? "step breaks" : "step", left, top,
        box_width, box_height, left + 8, top + 19, shortened(step.what, longest_line), left + 8,
        top + 37, shortened(fmt::format("{}. {}", number, step.call), 18), left + box_width - 8,
        top + 37, shortened(where, 28));
    int line = top + box_height + 15;
    for (const std::string& one : step.broken) {
        text += fmt::format("<text class=\"broken\" x=\"{}\" y=\"{}\"><title>{}</title>{}</text>\n",
                            left + 8, line, shown(one), shortened("BROKEN " + one, 46));
        line += broken_height;
    }
    return text;
}

/// From the side of the box that wrote to the side of the one that read.
[[nodiscard]] std::string arrow(const interleaving_step& from, int from_top,
                                const interleaving_step& to, int to_top, const std::string& id) {
    const int y1 = from_top + box_height / 2;
    const int y2 = to_top + box_height / 2;
    if (from.thread == to.thread) {
        // Beside its lane, in the gap.
        const int x = left_of(from.thread) + box_width;
        return fmt::format(
            "<path class=\"reads\" d=\"M{} {} C{} {} {} {} {} {}\" "
            "marker-end=\"url(#{}-head)\"/>\n",
            x, y1, x + 26, y1, x + 26, y2, x + 2, y2, id);
    }
    const bool rightwards = from.thread < to.thread;
    const int x1 = left_of(from.thread) + (rightwards ? box_width : 0);
    const int x2 = left_of(to.thread) + (rightwards ? -2 : box_width + 2);
    const int bend = rightwards ? 30 : -30;
    return fmt::format(
        "<path class=\"reads\" d=\"M{} {} C{} {} {} {} {} {}\" marker-end=\"url(#{}-head)\"/>\n",
        x1, y1, x1 + bend, y1, x2 - bend, y2, x2, y2, id);
}

/// "22:09:12" of an ISO 8601 time; a journal that was not written by a soak may have anything
/// there.
[[nodiscard]] std::string time_of_day(const std::string& at) {
    constexpr std::size_t date = 11;
    return at.size() > date ? at.substr(date, 8) : at;
}

}  // namespace

std::string shown(std::string_view text) {
    return escaped(safe_text::readable(text));
}

std::string lanes(const explained_finding& what, const std::string& id) {
    std::vector<int> tops;
    int y = head_height;
    for (const interleaving_step& step : what.steps) {
        tops.push_back(y);
        y += row_height + static_cast<int>(step.broken.size()) * broken_height;
    }
    const unsigned threads = std::max(what.threads, 1U);
    const int width = 2 * margin + static_cast<int>(threads) * (lane_width + lane_gap) - lane_gap;
    std::string text = fmt::format(
        "<svg class=\"lanes\" role=\"img\" aria-labelledby=\"{0}-title\" viewBox=\"0 0 {1} {2}\" "
        "width=\"{1}\" height=\"{2}\">\n<title id=\"{0}-title\">{3}</title>\n"
        "<defs><marker id=\"{0}-head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
        "markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path class=\"head\" "
        "d=\"M0 0 L8 4 L0 8 Z\"/></marker></defs>\n",
        id, width, y, shown(what.headline.empty() ? "the interleaving" : what.headline));
    for (unsigned n = 1; n <= threads; ++n)
        text += fmt::format(
            "<text class=\"lane\" x=\"{0}\" y=\"24\">thread {1}</text>"
            "<line class=\"rail\" x1=\"{2}\" y1=\"{3}\" x2=\"{2}\" y2=\"{4}\"/>\n",
            left_of(n) + 8, n, left_of(n) + box_width / 2, head_height - 6, y - 8);
    for (std::size_t n = 0; n < what.steps.size(); ++n) text += box(what.steps[n], n + 1, tops[n]);
    // On top: an arrow that is hidden by a box is no arrow.
    for (std::size_t n = 0; n < what.steps.size(); ++n) {
        const auto& from = what.steps[n].reads_from;
        if (from && *from < n)
            text += arrow(what.steps[*from], tops[*from], what.steps[n], tops[n], id);
    }
    return text + "</svg>\n";
}

std::string line_chart(const std::vector<moment>& moments, const std::string& title,
                       const std::string& id, const std::function<double(const moment&)>& value,
                       const std::function<std::string(double)>& text) {
    constexpr int width = 640;
    constexpr int height = 150;
    constexpr int left = 70;
    constexpr int top = 12;
    constexpr int bottom = 24;
    double most = 0;
    for (const moment& one : moments) most = std::max(most, value(one));
    const double scale = most > 0 ? (height - top - bottom) / most : 0;
    const double step = moments.size() > 1 ? static_cast<double>(width - left - 10) /
                                                 static_cast<double>(moments.size() - 1)
                                           : 0;
    std::string points;
    for (std::size_t n = 0; n < moments.size(); ++n)
        points += fmt::format("{:.1f},{:.1f} ", left + static_cast<double>(n) * step,
                              height - bottom - value(moments[n]) * scale);
    const std::string first = moments.empty() ? "" : time_of_day(moments.front().at);
    const std::string last = moments.empty() ? "" : time_of_day(moments.back().at);
    return fmt::format(
        "<svg class=\"chart\" role=\"img\" aria-labelledby=\"{0}-title\" viewBox=\"0 0 {1} {2}\" "
        "width=\"{1}\" height=\"{2}\">\n<title id=\"{0}-title\">{3}: at most {4}</title>\n"
        "<line class=\"axis\" x1=\"{5}\" y1=\"{6}\" x2=\"{7}\" y2=\"{6}\"/>"
        "<line class=\"axis\" x1=\"{5}\" y1=\"{8}\" x2=\"{5}\" y2=\"{6}\"/>\n"
        "<text class=\"tick end\" x=\"{9}\" y=\"{10}\">{4}</text>"
        "<text class=\"tick end\" x=\"{9}\" y=\"{6}\">0</text>"
        "<text class=\"tick\" x=\"{5}\" y=\"{11}\">{12}</text>"
        "<text class=\"tick end\" x=\"{7}\" y=\"{11}\">{13}</text>\n"
        "<polyline class=\"line\" points=\"{14}\"/></svg>\n",
        id, width, height, shown(title), shown(text(most)), left, height - bottom, width - 10, top,
        left - 6, top + 6, height - 6, shown(first), shown(last), points);
}

}  // namespace pidmap_stress::journal
