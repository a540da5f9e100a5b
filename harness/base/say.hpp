#pragma once

#include <cstdio>
#include <string>
#include <utility>

#include <fmt/format.h>

/// Printing that ends nothing. Like fmt::print(), but where there is no room left, the work
/// continues: main() reports it at the end, by std::ferror().
namespace pidmap_stress {

template <class... Args>
void say(std::FILE* out, fmt::format_string<Args...> what, Args&&... args) {
    const std::string text = fmt::format(what, std::forward<Args>(args)...);
    (void)std::fwrite(text.data(), 1, text.size(), out);
}
template <class... Args>
void say(fmt::format_string<Args...> what, Args&&... args) {
    say(stdout, what, std::forward<Args>(args)...);
}

}  // namespace pidmap_stress
