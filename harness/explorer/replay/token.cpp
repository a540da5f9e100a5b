#include "harness/explorer/replay/token.hpp"

#include <algorithm>

namespace pidmap_stress::explore {
namespace {

constexpr std::string_view digits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
constexpr char zeros = '.';  // A run of zeros, the commonest choice; its length follows.
constexpr unsigned base = 64;
constexpr unsigned wide = base - 1;  // Three digits follow.

void put(std::string& out, unsigned value, int width) {
    for (int i = 0; i < width; ++i, value /= base) out += digits[value % base];
}

class reader {
public:
    explicit reader(std::string_view text) : text_(text) {}
    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    [[nodiscard]] bool take(char c) {
        if (at_end() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    [[nodiscard]] std::optional<std::uint32_t> number(int width) {
        std::uint32_t value = 0;
        std::uint32_t place = 1;
        for (int i = 0; i < width; ++i, place *= base) {
            if (at_end()) return std::nullopt;
            const std::size_t digit = digits.find(text_[at_++]);
            if (digit == std::string_view::npos) return std::nullopt;
            value += static_cast<std::uint32_t>(digit) * place;
        }
        return value;
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
};

std::optional<schedule> parse_choices(std::string_view text) {
    schedule choices;
    reader in(text);
    while (!in.at_end()) {
        if (in.take(zeros)) {
            const auto n = in.number(1);
            if (!n) return std::nullopt;
            choices.insert(choices.end(), *n, std::uint16_t{0});
            continue;
        }
        auto value = in.number(1);
        if (value == wide) value = in.number(3);
        if (!value || *value > 0xffff) return std::nullopt;
        choices.push_back(static_cast<std::uint16_t>(*value));
    }
    return choices;
}

}  // namespace

std::uint32_t hash_configuration(std::uint32_t so_far, std::string_view part) noexcept {
    std::uint32_t hash = so_far ^ 0x811c9dc5U;
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193U;
    return (hash ^ static_cast<std::uint32_t>(part.size())) * 0x01000193U;
}

std::string to_string(const schedule_token& token) {
    std::string body;
    put(body, token.configuration, 6);
    for (auto it = token.choices.begin(); it != token.choices.end();) {
        const auto other =
            std::find_if(it, token.choices.end(), [](std::uint16_t c) { return c != 0; });
        const auto run = std::min<std::ptrdiff_t>(other - it, base - 1);
        if (run > 2) {
            body += zeros;
            put(body, static_cast<unsigned>(run), 1);
            it += run;
        } else if (*it < wide) {
            put(body, *it++, 1);
        } else {
            put(body, wide, 1);
            put(body, *it++, 3);
        }
    }
    std::string text = "x1";
    put(text, hash_configuration(0, body) % (base * base * base), 3);
    return text + body;
}

std::optional<schedule_token> parse_token(std::string_view text) {
    if (!text.starts_with("x1") || text.size() < 11) return std::nullopt;
    const std::string_view body = text.substr(5);
    const auto sum = reader(text.substr(2, 3)).number(3);
    if (!sum || *sum != hash_configuration(0, body) % (base * base * base)) return std::nullopt;
    const auto configuration = reader(body.substr(0, 6)).number(6);
    auto choices = parse_choices(body.substr(6));
    if (!configuration || !choices) return std::nullopt;
    return schedule_token{.configuration = *configuration, .choices = std::move(*choices)};
}

}  // namespace pidmap_stress::explore
