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

// On a terminal, one line is redrawn, and taken off before something else is printed.
TEST(ProgressTest, ATerminalHasOneLineThatIsRedrawn) {
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0)
        GTEST_SKIP() << "no terminal is available here";
    std::FILE* const out = std::fopen(::ptsname(master), "w");
    ASSERT_NE(out, nullptr);
    progress_line progress(out, 60s);
    pollfd readable{.fd = master, .events = POLLIN, .revents = 0};
    std::uint64_t operations = 0;
    while (::poll(&readable, 1, 10) == 0) progress.update("churn", operations += 1000);
    std::string text(1000, '\0');
    text.resize(static_cast<std::size_t>(::read(master, text.data(), text.size())));
    EXPECT_THAT(text, StartsWith("\r\033[Kchurn: "));
    EXPECT_THAT(text, HasSubstr("operations/s, "));
    EXPECT_THAT(text, HasSubstr(" elapsed, "));
    EXPECT_THAT(text, HasSubstr(" left"));
    EXPECT_EQ(text.find('\n'), std::string::npos);
    progress.clear();
    text.resize(1000);
    text.resize(static_cast<std::size_t>(::read(master, text.data(), text.size())));
    EXPECT_EQ(text, "\r\033[K");
    std::fclose(out);
    ::close(master);
}

}  // namespace
}  // namespace pidmap_stress
