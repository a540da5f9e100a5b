#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/journal/records.hpp"
#include "harness/journal/summary.hpp"

/// Drawings as SVG, for inside a page: their colours are the page's variables.
namespace pidmap_stress::journal {

/// A text from a journal as it stands between tags or in an attribute.
[[nodiscard]] std::string shown(std::string_view text);

/// An interleaving as lanes: a column for each thread, time downwards, an arrow from each write to
/// its read, the steps that break something marked.
/// \param id  Of the drawing in its page; unique there.
/// \pre what.steps is not empty, and each step's thread is in [1, what.threads].
[[nodiscard]] std::string lanes(const explained_finding& what, const std::string& id);

/// One quantity over time, from 0.
/// \param title  Says what is drawn, with its unit.
/// \param value  Of a moment.
/// \param text   A value for people, at the axis.
[[nodiscard]] std::string line_chart(const std::vector<moment>& moments, const std::string& title,
                                     const std::string& id,
                                     const std::function<double(const moment&)>& value,
                                     const std::function<std::string(double)>& text);

}  // namespace pidmap_stress::journal
