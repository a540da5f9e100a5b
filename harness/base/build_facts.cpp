#include "harness/base/build_facts.hpp"

#include <string_view>

#include "harness/explorer/run/sanitizers.hpp"

namespace pidmap_stress {

// Generated at build time, by cmake/write_build_facts.cmake, in a source of its own: only that
// source is rebuilt after a commit. "MARK|version|commit|modified or clean|date|", then zeros.
inline constexpr std::size_t build_facts_size = 256;
extern const char build_facts_text[build_facts_size];

namespace {

[[nodiscard]] std::string compiler_name() {
#if defined(__clang__)
    return "Clang " + std::to_string(__clang_major__) + "." + std::to_string(__clang_minor__) +
           "." + std::to_string(__clang_patchlevel__);
#elif defined(__GNUC__)
    return "GCC " + std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__) + "." +
           std::to_string(__GNUC_PATCHLEVEL__);
#else
    return "unknown";
#endif
}

/// Cuts what stands before the next '|'.
[[nodiscard]] std::string cut(std::string_view& text) {
    const std::size_t end = text.find('|');
    std::string part(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

}  // namespace

const build_facts& this_build() {
    static const build_facts facts = [] {
        std::string_view text(build_facts_text, build_facts_size);
        (void)cut(text);  // The mark, by which the place can be found in a file.
        build_facts read;
        read.version = cut(text);
        read.commit = cut(text);
        read.modified = cut(text) == "modified";
        read.date = cut(text);
        read.compiler = compiler_name();
        read.sanitizer = under_tsan ? "thread" : under_asan ? "address,undefined" : "none";
        return read;
    }();
    return facts;
}

std::span<const std::byte> volatile_facts() noexcept {
    return std::as_bytes(std::span(build_facts_text));
}

}  // namespace pidmap_stress
