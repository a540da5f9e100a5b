#include "checkers/audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <string>
#include <utility>

namespace pidmap_stress {
namespace {

constexpr unsigned word_bits = 64;

/// The first few pids of a set that may be large.
class pid_list {
public:
    void add(pid_nr pid) {
        if (size_++ < named) text_ += fmt::format("{}{}", size_ == 1 ? "" : ", ", pid);
    }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::string text() const {
        const std::string pids = size_ == 1 ? "pid " + text_ : "pids " + text_;
        return size_ <= named ? pids : fmt::format("{} and {} more", pids, size_ - named);
    }

private:
    static constexpr unsigned named = 8;
    unsigned size_ = 0;
    std::string text_;
};

unsigned count_bits(std::span<const std::uint64_t> words) {
    unsigned bits = 0;
    for (const std::uint64_t word : words)
        // Most words are empty, and popcount is a call on a baseline x86.
        if (word != 0) bits += static_cast<unsigned>(std::popcount(word));
    return bits;
}

/// One audit: the books are laid out as bitmaps, and compared with the pages.
class auditor {
public:
    explicit auditor(const namespace_evidence& evidence)
        : evidence_(evidence),
          words_per_page_((evidence.bits_per_page + word_bits - 1) / word_bits),
          booked_(words_per_page_ * pages_in_use(evidence)) {
        assert(std::has_single_bit(evidence.bits_per_page));
    }

    std::vector<finding> run() {
        read_books();
        if (evidence_.released) {
            judge_released();
        } else {
            const std::size_t in_use = pages_in_use(evidence_);
            for (std::size_t i = 0; i < in_use; ++i) judge_page(i);
            for (std::size_t i = in_use; i < evidence_.pages.size(); ++i) judge_nr_free(i, 0);
            judge_lists();
            judge_refcount();
        }
        return std::move(findings_);
    }

private:
    /// The holders of references, as counted from one source.
    struct tally {
        long pids = 0;
        long pages = 0;
    };

    /// The number of pages up to the last one that has memory, or a pid in the books. Most
    /// namespaces use one page of 128, and hundreds of namespaces are audited at a time.
    [[nodiscard]] static std::size_t pages_in_use(const namespace_evidence& evidence) {
        std::size_t pages = evidence.pages.size();
        while (pages > 1 && !evidence.pages[pages - 1].installed) --pages;
        for (const pid_nr pid : evidence.held)
            if (pid >= 1)
                pages = std::max(pages, static_cast<std::size_t>(pid) / evidence.bits_per_page + 1);
        return std::min(pages, evidence.pages.size());
    }

    template <class... Args>
    void broken(invariant which, fmt::format_string<Args...> sentence, Args&&... args) {
        const std::string where =
            evidence_.which == namespace_key{}
                ? std::string{}
                : fmt::format("namespace {}.{}: ", evidence_.which.id, evidence_.which.generation);
        findings_.push_back(
            {.broken = which, .what = where + fmt::format(sentence, std::forward<Args>(args)...)});
    }

    void read_books() {
        pid_list twice;
        for (const pid_nr pid : evidence_.held) {
            const auto nr = static_cast<std::size_t>(pid);
            const std::size_t page = nr / evidence_.bits_per_page;
            if (pid < 1 || page >= evidence_.pages.size()) {
                held_not_set_.add(pid);
                continue;
            }
            const std::size_t bit = nr % evidence_.bits_per_page;
            std::uint64_t& word = booked_[page * words_per_page_ + bit / word_bits];
            const std::uint64_t mask = std::uint64_t{1} << bit % word_bits;
            if ((word & mask) != 0) twice.add(pid);
            word |= mask;
        }
        if (!twice.empty()) broken(invariant::unique_pid, "the books hold {} twice", twice.text());
    }

    void judge_released() {
        if (!evidence_.held.empty()) {
            pid_list held;
            for (const pid_nr pid : evidence_.held) held.add(pid);
            broken(invariant::live_pid_pins_namespace, "released while {} still held",
                   held.text() + (evidence_.held.size() == 1 ? " is" : " are"));
        }
        if (evidence_.external_references != 0)
            broken(invariant::refcount_equals_pages,
                   "released with a count of 0 while {} external references are held",
                   evidence_.external_references);
    }

    void judge_page(std::size_t index) {
        const page_evidence& page = evidence_.pages[index];
        const std::span booked =
            std::span(booked_).subspan(index * words_per_page_, words_per_page_);
        const unsigned booked_pids = count_bits(booked);
        by_books_.pids += booked_pids;
        by_books_.pages += booked_pids != 0 ? 1 : 0;
        // From here on the books have bit 0 too, and are what the bitmap must equal.
        if (index == 0) booked[0] |= 1;
        const unsigned bit_zero = index == 0 ? 1 : 0;

        unsigned set_bits = 0;
        if (page.installed) {
            assert(page.bitmap.size() == words_per_page_);
            set_bits = count_bits(page.bitmap);
            const bool bit_zero_set = index == 0 && (page.bitmap[0] & 1) != 0;
            const unsigned pids = set_bits - (bit_zero_set ? 1 : 0);
            by_bitmap_.pids += pids;
            by_bitmap_.pages += pids != 0 ? 1 : 0;
            if (!std::ranges::equal(page.bitmap, booked)) name_differences(index);
        } else if (booked_pids + bit_zero != 0) {
            name_differences(index);
        }

        judge_nr_free(index, set_bits);
    }

    void judge_nr_free(std::size_t index, unsigned set_bits) {
        const long nr_free = evidence_.pages[index].nr_free;
        const long clear_bits = static_cast<long>(evidence_.bits_per_page) - set_bits;
        if (nr_free != clear_bits)
            broken(invariant::nr_free_equals_clear_bits, "page {} has nr_free {} and {} clear bits",
                   index, nr_free, clear_bits);
    }

    void name_differences(std::size_t index) {
        const page_evidence& page = evidence_.pages[index];
        for (std::size_t w = 0; w < words_per_page_; ++w) {
            const std::uint64_t set = page.installed ? page.bitmap[w] : 0;
            const std::uint64_t booked = booked_[index * words_per_page_ + w];
            for (std::uint64_t rest = set ^ booked; rest != 0; rest &= rest - 1) {
                const auto bit = static_cast<std::size_t>(std::countr_zero(rest));
                const auto pid =
                    static_cast<pid_nr>(index * evidence_.bits_per_page + w * word_bits + bit);
                const bool is_set = (set >> bit & 1) != 0;
                if (pid == 0)
                    broken(invariant::bitmap_equals_held, "bit 0 of page 0 is clear");
                else if (w * word_bits + bit >= evidence_.bits_per_page)
                    broken(invariant::bitmap_equals_held, "page {} has bit {} set beyond its end",
                           index, w * word_bits + bit);
                else
                    (is_set ? set_not_held_ : held_not_set_).add(pid);
            }
        }
    }

    void judge_lists() {
        if (!set_not_held_.empty())
            broken(invariant::bitmap_equals_held, "nobody holds {}, set in the bitmap (pid_max {})",
                   set_not_held_.text(), evidence_.pid_max);
        if (!held_not_set_.empty())
            broken(invariant::bitmap_equals_held, "{} held, but clear in the bitmap (pid_max {})",
                   held_not_set_.text(), evidence_.pid_max);
    }

    [[nodiscard]] long references(const tally& from) const {
        return static_cast<long>(evidence_.external_references) +
               (evidence_.counts == counting::per_pid ? from.pids : from.pages);
    }

    void judge_refcount() {
        if (evidence_.refcount < 0)
            broken(invariant::no_underflow, "the count is {}", evidence_.refcount);
        if (evidence_.refcount != references(by_bitmap_) &&
            evidence_.refcount != references(by_books_))
            broken(invariant::refcount_equals_pages,
                   "the count is {}, with {} external references, {} pids and {} non-empty pages",
                   evidence_.refcount, evidence_.external_references, by_bitmap_.pids,
                   by_bitmap_.pages);
        else if (evidence_.refcount == 0)
            broken(invariant::released_once, "the count is 0 and nobody released the namespace");
    }

    const namespace_evidence& evidence_;
    std::size_t words_per_page_;
    std::vector<std::uint64_t> booked_;
    tally by_books_{};
    tally by_bitmap_{};
    pid_list set_not_held_{};
    pid_list held_not_set_{};
    std::vector<finding> findings_{};
};

}  // namespace

std::vector<finding> audit(const namespace_evidence& evidence) {
    return auditor(evidence).run();
}

}  // namespace pidmap_stress
