#include "harness/command/report/results_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "harness/base/say.hpp"
#include "harness/command/options.hpp"

namespace pidmap_stress {
namespace {

/// \returns 0, or errno.
[[nodiscard]] int write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t some = ::write(file, text.data(), text.size());
        if (some < 0 && errno == EINTR) continue;
        if (some < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(some));
    }
    return 0;
}

[[nodiscard]] bool is_same_file(const struct stat& a, const struct stat& b) noexcept {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// Whether the path leads to standard output, as /dev/stdout does. Replacing that file would leave
/// half of the output in the old one.
[[nodiscard]] bool is_standard_output(const std::string& path) {
    if (path == "-" || path == "/dev/stdout") return true;
    struct stat there = {};
    struct stat out = {};
    return ::stat(path.c_str(), &there) == 0 && ::fstat(STDOUT_FILENO, &out) == 0 &&
           !S_ISCHR(there.st_mode) && is_same_file(there, out);
}

}  // namespace

int write_file(const std::string& path, const std::string& text) {
    struct stat there = {};
    const bool in_place = ::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode);
    // The target of a link is replaced, and not the link.
    std::error_code none;
    const std::filesystem::path real = std::filesystem::canonical(path, none);
    const std::string target = none || in_place ? path : real.string();
    const std::string draft = in_place ? target : target + ".part";
    const int flags = in_place ? O_WRONLY | O_CLOEXEC : O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    const int file = ::open(draft.c_str(), flags, 0644);
    if (file < 0) return errno;
    int error = write_all(file, text);
    if (error == 0 && !in_place && ::fsync(file) != 0) error = errno;
    if (::close(file) != 0 && error == 0) error = errno;
    if (in_place) return error;
    if (error == 0 && ::rename(draft.c_str(), target.c_str()) != 0) error = errno;
    if (error != 0) ::unlink(draft.c_str());
    return error;
}

write_failure describe_failure(const std::string& option, const std::string& path, int error) {
    std::string_view advice = "give a path that can be written";
    const bool no_room = error == ENOSPC || error == EDQUOT || error == EFBIG;
    if (error == EFBIG)
        advice = "the limit on the size of files is too low, see ulimit -f";
    else if (no_room)
        advice = "make room, or give a path where there is some";
    return {.what = fmt::format("cannot write {} {}: {}; {}", option, path, std::strerror(error),
                                advice),
            .no_room = no_room};
}

std::optional<int> put_text(const std::string& option, const std::string& path,
                            const std::string& text) {
    if (path.empty() || path == "-") {
        say("{}", text);
        return std::nullopt;
    }
    const int error = write_file(path, text);
    if (error == 0) return std::nullopt;
    const write_failure failure = describe_failure(option, path, error);
    say(stderr, "pidmap-stress: {}\n", failure.what);
    return failure.no_room ? exit_no_resources : exit_usage;
}

results_file::results_file(std::string path) : path_(std::move(path)) {
    if (path_.empty()) return;
    is_standard_output_ = is_standard_output(path_);
    if (is_standard_output_) {
        std::fflush(stdout);
        stream_ = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        if (stream_ >= 0) ::dup2(STDERR_FILENO, STDOUT_FILENO);
    } else {
        struct stat there = {};
        if (::stat(path_.c_str(), &there) != 0 || S_ISREG(there.st_mode)) return;
        // Kept open: a reader takes a closed pipe for the end of the results.
        stream_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    }
    if (stream_ < 0) open_error_ = errno;
}

results_file::~results_file() {
    if (stream_ < 0) return;
    if (is_standard_output_) {
        std::fflush(stdout);
        ::dup2(stream_, STDOUT_FILENO);
    }
    ::close(stream_);
}

std::optional<write_failure> results_file::failed(int error) const {
    if (error == 0) return std::nullopt;
    return describe_failure("--json", path_, error);
}

std::optional<write_failure> results_file::keep_so_far(const std::string& text) {
    if (!wanted() || open_error_ != 0) return failed(open_error_);
    // A full device reports that even if nothing is written.
    if (stream_ >= 0) return failed(::write(stream_, "", 0) < 0 ? errno : 0);
    return failed(write_file(path_, text));
}

std::optional<write_failure> results_file::keep(const std::string& text) {
    if (!wanted() || open_error_ != 0) return failed(open_error_);
    return failed(stream_ >= 0 ? write_all(stream_, text) : write_file(path_, text));
}

}  // namespace pidmap_stress
