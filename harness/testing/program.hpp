#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace pidmap_stress::testing {

/// A folder of a single test, removed with everything in it.
class scratch_folder {
public:
    scratch_folder();
    ~scratch_folder();
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

[[nodiscard]] std::string text_of(const std::string& path);

/// What a program that has ended left behind.
struct program_end {
    int code = -1;  ///< Its exit code, or -1 if a signal ended it.
    std::string out;
    std::string err;
};

/// A program that runs, its output caught in files.
class running_program {
public:
    /// \param words  The program and its arguments.
    explicit running_program(std::vector<std::string> words);

    void send(int signal) const;
    [[nodiscard]] std::string out_so_far() const { return text_of(folder_.path("out")); }
    /// Returns when `happened` says so, or the program has ended. \returns Whether it happened.
    template <class Condition>
    [[nodiscard]] bool wait_until(Condition&& happened) {
        while (!happened())
            if (!runs_a_while_longer()) return happened();
        return true;
    }
    [[nodiscard]] program_end wait();

private:
    [[nodiscard]] bool runs_a_while_longer();

    scratch_folder folder_;
    pid_t process_ = -1;
    bool ended_ = false;
    int status_ = 0;
};

/// Where the built program is.
[[nodiscard]] std::string pidmap_stress_path();
/// Starts pidmap-stress with these arguments.
[[nodiscard]] running_program start_pidmap_stress(const std::vector<std::string>& arguments);
/// Runs pidmap-stress to its end.
[[nodiscard]] program_end run_pidmap_stress(const std::vector<std::string>& arguments);
/// Runs a command line in the shell, as a user who pastes it does.
[[nodiscard]] program_end run_by_shell(const std::string& command);

}  // namespace pidmap_stress::testing
