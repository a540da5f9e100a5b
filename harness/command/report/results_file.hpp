#pragma once

#include <optional>
#include <string>

namespace pidmap_stress {

/// Replaces the file at `path` as a whole, so that it is never half written; a device or a pipe is
/// written to.
/// \returns 0, or errno.
[[nodiscard]] int write_file(const std::string& path, const std::string& text);

/// Why results cannot be kept.
struct write_failure {
    std::string what;  ///< One line: "cannot write --json FILE: ...".
    /// Whether room is missing, on a disk or under a limit, as opposed to a wrong path.
    bool no_room = false;
};
/// \param option  "--json", in front of the path.
[[nodiscard]] write_failure describe_failure(const std::string& option, const std::string& path,
                                             int error);

/// Writes a text to a file, or prints it if the path is "-" or empty.
/// \returns an exit code, with one line on stderr, if that failed.
[[nodiscard]] std::optional<int> put_text(const std::string& option, const std::string& path,
                                          const std::string& text);

/// The target of --json: a file, which is replaced as results come; or standard output or a pipe,
/// which get one document, at the end.
class results_file {
public:
    /// \param path  Empty: results are not kept. "-": standard output; until this object is
    ///              destroyed, the text for people goes to standard error.
    explicit results_file(std::string path);
    ~results_file();
    results_file(const results_file&) = delete;
    results_file& operator=(const results_file&) = delete;

    [[nodiscard]] bool wanted() const noexcept { return !path_.empty(); }
    /// Before any work is done, and on the way. Anything that is sure to fail later fails here.
    [[nodiscard]] std::optional<write_failure> keep_so_far(const std::string& text);
    /// At the end of the work.
    [[nodiscard]] std::optional<write_failure> keep(const std::string& text);

private:
    [[nodiscard]] std::optional<write_failure> failed(int error) const;

    std::string path_;
    int stream_ = -1;  ///< Standard output as it was, or the pipe.
    int open_error_ = 0;
    bool is_standard_output_ = false;
};

}  // namespace pidmap_stress
