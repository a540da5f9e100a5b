#include "harness/journal/records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "harness/journal/testing/journals.hpp"

namespace pidmap_stress::journal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Every member of every record comes back from its line.
TEST(Records, ComeBackFromTheirLines) {
    for (const record& one :
         {record(testing::some_campaign()), record(testing::some_attempt("2026-01-01T00:00:00Z")),
          record(testing::some_finding()), record(testing::some_canary(true)),
          record(end_record{.at = "2026-01-01T00:00:00Z", .reason = "done"})}) {
        const std::string line = to_line(one);
        EXPECT_THAT(line, Not(HasSubstr("\n")));
        EXPECT_EQ(to_line(from_line(line)), line);
        EXPECT_EQ(from_line(line).index(), one.index());
    }
    const auto slice = std::get<slice_record>(from_line(to_line(testing::some_finding())));
    EXPECT_EQ(slice.findings.at(0).sentence, "the count went from 0 to -1");
    ASSERT_TRUE(slice.findings.at(0).explained);
    EXPECT_EQ(slice.findings.at(0).explained->steps.at(1).reads_from, 0U);
    ASSERT_TRUE(slice.again);
    EXPECT_EQ(slice.again->with_findings, 4U);
}

// A line has no member that is as usual: a journal of a night stays small.
TEST(Records, LeaveOutWhatIsAsUsual) {
    EXPECT_EQ(to_line(slice_record{}), R"({"type":"slice"})");
    EXPECT_THAT(to_line(end_record{.reason = "done"}), Not(HasSubstr("\"at\"")));
}

// What a program under test printed may be no UTF-8, and a line is JSON all the same.
TEST(Records, TakeAnyText) {
    const slice_record odd{.ending = "\xff\xfe\"\n\t"};
    EXPECT_EQ(from_line(to_line(odd)).index(), record(odd).index());
}

[[nodiscard]] std::string refusal(const std::string& line) {
    try {
        (void)from_line(line);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "";
}

// What is no record is refused, in a sentence that says what is wrong.
TEST(Records, AreNotReadFromAnythingElse) {
    EXPECT_THAT(refusal("{\"type\":"), HasSubstr("not a JSON object"));
    EXPECT_THAT(refusal("[]"), HasSubstr("not a JSON object"));
    EXPECT_THAT(refusal("{}"), HasSubstr("no member 'type'"));
    EXPECT_THAT(refusal(R"({"type":"slyce"})"), HasSubstr("'slyce' is not a type of record"));
    EXPECT_THAT(refusal(R"({"type":"slice","number":"three"})"), HasSubstr("damaged"));
    EXPECT_THAT(refusal(R"({"type":"campaign","schema":99})"),
                HasSubstr("has schema 99; this version reads schema 1"));
    EXPECT_THAT(refusal(R"({"type":"campaign"})"), HasSubstr("has schema none"));
}

// A later version may add members: they are not known here, and do no harm.
TEST(Records, OverlookMembersOfLaterVersions) {
    EXPECT_EQ(refusal(R"({"type":"slice","number":3,"colour":"red"})"), "");
}

}  // namespace
}  // namespace pidmap_stress::journal
