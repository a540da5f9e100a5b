#include "harness/journal/text/safe_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pidmap_stress::journal::safe_text {
namespace {

using ::testing::EndsWith;
using ::testing::SizeIs;
using ::testing::StartsWith;

#define REPLACEMENT "\xEF\xBF\xBD"

// Text in any language stays as it is, with its tabs and lines.
TEST(SafeText, KeepsWhatIsText) {
    EXPECT_EQ(readable("a\tb\nc \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"),
              "a\tb\nc \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
    EXPECT_EQ(readable("DOS\r\nand Mac\rlines"), "DOS\nand Mac\nlines");
}

// A terminal obeys control characters, also those of two bytes, and XML forbids most of them.
TEST(SafeText, ReplacesControlCharactersAndWhatXmlForbids) {
    using namespace std::string_literals;
    EXPECT_EQ(readable("\0|\x01|\x1b[2J|\x7f"s),
              REPLACEMENT "|" REPLACEMENT "|" REPLACEMENT "[2J|" REPLACEMENT);
    EXPECT_EQ(readable("\xC2\x9B|\xC2\xA0"), REPLACEMENT "|\xC2\xA0");
    EXPECT_EQ(readable("\xEF\xBF\xBE|\xEF\xBF\xBF"), REPLACEMENT "|" REPLACEMENT);
}

// Bytes that are not UTF-8, at the end too.
TEST(SafeText, ReplacesWhatIsNotUtf8) {
    EXPECT_EQ(readable("a\xFF"
                       "b\xE2\x82"),
              "a" REPLACEMENT "b" REPLACEMENT);
}

// A line has no white space but single spaces, and says by its dots that it was cut.
TEST(SafeText, MakesOneLineOfMany) {
    EXPECT_EQ(one_line(" a\n\n  b\tc \n", 100), "a b c");
    EXPECT_EQ(one_line("abcdef", 6), "abcdef");
    EXPECT_EQ(one_line("abcdefg", 6), "abc...");
    EXPECT_EQ(one_line("ab\xC3\xA9"
                       "defg",
                       6),
              "ab...")
        << "no character is cut in two";
}

// A long text is cut at the end of a line, and says how much is missing.
TEST(SafeText, SaysWhatItCutOff) {
    EXPECT_EQ(clipped("short\n\n", 128), "short");
    std::string lines;
    for (int n = 0; n < 100; ++n) lines += "ten bytes\n";
    const std::string cut = clipped(lines, 300);
    EXPECT_THAT(cut, StartsWith("ten bytes\nten bytes\n"));
    EXPECT_THAT(cut, EndsWith("ten bytes\n(cut here: 780 of 999 bytes are left out)"));
    EXPECT_LE(cut.size(), 300U);
    EXPECT_LE(clipped(std::string(1000, 'x'), 128).size(), 128U) << "without any end of a line";
}

}  // namespace
}  // namespace pidmap_stress::journal::safe_text
