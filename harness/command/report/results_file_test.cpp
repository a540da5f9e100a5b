#include "harness/command/report/results_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "harness/testing/program.hpp"

namespace pidmap_stress {
namespace {

using ::testing::AnyOf;
using testing::scratch_folder;
using ::testing::StartsWith;
using testing::text_of;

[[nodiscard]] std::size_t files_in(const std::string& folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

// A file is replaced as a whole, and nothing is left beside it.
TEST(WriteFileTest, ReplacesTheWholeFile) {
    const scratch_folder folder;
    const std::string path = folder.path("results.json");
    EXPECT_EQ(write_file(path, std::string(100'000, 'x')), 0);
    EXPECT_EQ(write_file(path, "short\n"), 0);
    EXPECT_EQ(text_of(path), "short\n");
    EXPECT_FALSE(std::filesystem::exists(path + ".part"));
}

// Where nothing can be written, the reason is reported and no draft is left.
TEST(WriteFileTest, LeavesNoDraftWhenItFails) {
    const scratch_folder folder;
    EXPECT_EQ(write_file(folder.path("missing/results.json"), "x"), ENOENT);
    const std::string taken = folder.path("taken");
    std::filesystem::create_directory(taken);
    EXPECT_EQ(write_file(taken, "x"), EISDIR);
    EXPECT_TRUE(std::filesystem::is_directory(taken));
    EXPECT_FALSE(std::filesystem::exists(taken + ".part"));
}

// A pipe or a device, which is not a file, is written to and stays what it is.
TEST(WriteFileTest, DoesNotReplaceWhatIsNoFile) {
    struct stat before = {};
    struct stat after = {};
    ASSERT_EQ(::stat("/dev/full", &before), 0);
    EXPECT_EQ(write_file("/dev/full", "x"), ENOSPC);
    EXPECT_EQ(write_file("/dev/null", "x"), 0);
    EXPECT_FALSE(std::filesystem::exists("/dev/full.part"));
    ASSERT_EQ(::stat("/dev/full", &after), 0);
    EXPECT_TRUE(S_ISCHR(after.st_mode));
    EXPECT_EQ(after.st_ino, before.st_ino);
}

// A link stays a link: its target is replaced.
TEST(WriteFileTest, ReplacesWhatALinkLeadsTo) {
    const scratch_folder folder;
    const std::string target = folder.path("target");
    const std::string link = folder.path("link");
    ASSERT_EQ(write_file(target, "old"), 0);
    std::filesystem::create_symlink(target, link);
    EXPECT_EQ(write_file(link, "new"), 0);
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_EQ(text_of(target), "new");
    EXPECT_EQ(files_in(folder.path("")), 2U);
}

/// While it lives, no file may be larger.
class file_size_limit {
public:
    explicit file_size_limit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit now{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    ~file_size_limit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    file_size_limit(const file_size_limit&) = delete;
    file_size_limit& operator=(const file_size_limit&) = delete;

private:
    void (*handler_)(int);
    rlimit before_{};
};

// Under a limit on the size of files, the old content stays, and no draft is left.
TEST(WriteFileTest, LeavesNoDraftUnderALimit) {
    const scratch_folder folder;
    const std::string path = folder.path("results.json");
    ASSERT_EQ(write_file(path, "before"), 0);
    int error = 0;
    {
        const file_size_limit limit(4096);
        error = write_file(path, std::string(5000, 'x'));
    }
    EXPECT_EQ(error, EFBIG);
    EXPECT_EQ(text_of(path), "before");
    EXPECT_EQ(files_in(folder.path("")), 1U);
}

// A folder that must not be written to is an error of its own, and nothing is left in it.
TEST(WriteFileTest, RefusesAFolderThatIsReadOnly) {
    const scratch_folder folder;
    const std::string inside = folder.path("inside");
    std::filesystem::create_directory(inside);
    ::chmod(inside.c_str(), 0555);
    const bool is_root = ::geteuid() == 0;  // Permissions do not stop root.
    // Root meets the same on a file system of the kernel's own.
    EXPECT_THAT(write_file((is_root ? std::string("/sys") : inside) + "/results.json", "x"),
                AnyOf(EACCES, EPERM, EROFS));
    EXPECT_EQ(files_in(inside), 0U);
    ::chmod(inside.c_str(), 0755);
}

// A failure is reported in one line: the option, the path, why, and what would help.
TEST(WriteFailureTest, SaysWhatWouldHelp) {
    const auto failure = [](int error) { return describe_failure("--json", "a/b", error); };
    EXPECT_EQ(
        failure(ENOENT).what,
        "cannot write --json a/b: No such file or directory; give a path that can be written");
    EXPECT_EQ(failure(ENOSPC).what,
              "cannot write --json a/b: No space left on device; make room, or give a path where "
              "there is some");
    EXPECT_EQ(failure(EFBIG).what,
              "cannot write --json a/b: File too large; the limit on the size of files is too low, "
              "see ulimit -f");
    for (const int error : {ENOSPC, EFBIG, EDQUOT}) EXPECT_TRUE(failure(error).no_room) << error;
    for (const int error : {ENOENT, EACCES, EROFS, EISDIR})
        EXPECT_FALSE(failure(error).no_room) << error;
}

// Without a path nothing is kept, and that is not a failure.
TEST(ResultsFileTest, WithoutAPathNothingIsKept) {
    results_file file("");
    EXPECT_FALSE(file.wanted());
    EXPECT_FALSE(file.keep_so_far("x"));
    EXPECT_FALSE(file.keep("x"));
}

// A file has the latest document, and nothing of the printed text.
TEST(ResultsFileTest, AFileIsRewritten) {
    const scratch_folder folder;
    const std::string path = folder.path("results.json");
    results_file file(path);
    EXPECT_FALSE(file.keep_so_far("a first draft"));
    EXPECT_EQ(text_of(path), "a first draft");
    EXPECT_FALSE(file.keep("all"));
    EXPECT_EQ(text_of(path), "all");
}

// A pipe gets one document, at the end: a reader could not tell two of them apart.
TEST(ResultsFileTest, APipeGetsOneDocument) {
    const scratch_folder folder;
    const std::string path = folder.path("pipe");
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
    {
        results_file file(path);
        EXPECT_FALSE(file.keep_so_far("so far"));
        EXPECT_FALSE(file.keep("all"));
    }
    std::string text(100, ' ');
    const ssize_t size = ::read(reader, text.data(), text.size());
    ::close(reader);
    ASSERT_GE(size, 0);
    EXPECT_EQ(text.substr(0, static_cast<std::size_t>(size)), "all");
}

// What is sure to fail at the end fails before any work is done.
TEST(ResultsFileTest, WhatCannotBeKeptFailsAtOnce) {
    const scratch_folder folder;
    for (const std::string& path :
         {std::string("/dev/full"), folder.path(""), folder.path("missing/results.json")}) {
        results_file file(path);
        const auto failure = file.keep_so_far("x");
        ASSERT_TRUE(failure) << path;
        EXPECT_THAT(failure->what, StartsWith("cannot write --json " + path + ": "));
        EXPECT_EQ(failure->no_room, path == "/dev/full");
    }
}

}  // namespace
}  // namespace pidmap_stress
