#include "harness/command/report/progress.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

namespace pidmap_stress {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

// In a log nothing is redrawn: no line is taken back, and no control character is written.
TEST(ProgressTest, ALogHasNoControlCharacters) {
    std::FILE* const out = std::tmpfile();
    ASSERT_NE(out, nullptr);
    progress_line progress(out, 60s);
    for (std::uint64_t n = 0; n < 1000; ++n) progress.update("cell", n);
    progress.clear();
    ASSERT_EQ(std::fseek(out, 0, SEEK_SET), 0);
    std::string written;
    for (int c = std::fgetc(out); c != EOF; c = std::fgetc(out)) written += static_cast<char>(c);
    EXPECT_EQ(written.find_first_of("\r\033"), std::string::npos) << written;
    if (!written.empty()) {
        EXPECT_EQ(written.back(), '\n');
    }
    std::fclose(out);
}

/// A terminal, and what was written to it.
class terminal {
public:
    terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
        if (master_ >= 0 && ::grantpt(master_) == 0 && ::unlockpt(master_) == 0)
            out_ = std::fopen(::ptsname(master_), "w");
    }
    ~terminal() {
        if (out_ != nullptr) std::fclose(out_);
        ::close(master_);
    }
    terminal(const terminal&) = delete;
    terminal& operator=(const terminal&) = delete;

    /// nullptr: there is none here.
    [[nodiscard]] std::FILE* out() const { return out_; }
    [[nodiscard]] bool has_text() const {
        pollfd readable{.fd = master_, .events = POLLIN, .revents = 0};
        return ::poll(&readable, 1, 10) != 0;
    }
    [[nodiscard]] std::string text() const {
        std::string text(1000, '\0');
        text.resize(static_cast<std::size_t>(::read(master_, text.data(), text.size())));
        return text;
    }

private:
    int master_;
    std::FILE* out_ = nullptr;
};

// On a terminal, one line is redrawn, and taken off before something else is printed.
TEST(ProgressTest, ATerminalHasOneLineThatIsRedrawn) {
    const terminal shown;
    if (shown.out() == nullptr) GTEST_SKIP() << "no terminal is available here";
    progress_line progress(shown.out(), 60s);
    std::uint64_t operations = 0;
    while (!shown.has_text()) progress.update("churn", operations += 1000);
    const std::string text = shown.text();
    EXPECT_THAT(text, StartsWith("\r\033[Kchurn: "));
    EXPECT_THAT(text, HasSubstr("operations/s, "));
    EXPECT_THAT(text, HasSubstr(" elapsed, "));
    EXPECT_THAT(text, HasSubstr(" left"));
    EXPECT_EQ(text.find('\n'), std::string::npos);
    progress.clear();
    EXPECT_EQ(shown.text(), "\r\033[K");
}

// What was done before is elapsed, and is not part of the present rate.
TEST(ProgressTest, GoesOnFromWhatWasDoneBefore) {
    const terminal shown;
    if (shown.out() == nullptr) GTEST_SKIP() << "no terminal is available here";
    progress_line progress(shown.out(), 60min);
    progress.go_on_from(40min, 1'000'000'000'000);
    while (!shown.has_text()) progress.update("churn", 1'000'000'000'000);
    const std::string text = shown.text();
    // Up to half a minute may pass on a busy machine.
    EXPECT_THAT(text, ContainsRegex("churn: 0 operations/s, 40 m [0-2]. s elapsed, 19 m [3-5]. s"));
}

}  // namespace
}  // namespace pidmap_stress
