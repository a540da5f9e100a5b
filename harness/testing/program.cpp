#include "harness/testing/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace pidmap_stress::testing {

scratch_folder::scratch_folder()
    : path_((std::filesystem::temp_directory_path() / "pidmap_stress_XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no folder could be made");
}

scratch_folder::~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

running_program::running_program(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string out = folder_.path("out");
    const std::string err = folder_.path("err");
    process_ = ::fork();
    if (process_ != 0) return;
    constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC;
    ::dup2(::open(out.c_str(), flags, 0600), STDOUT_FILENO);
    ::dup2(::open(err.c_str(), flags, 0600), STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
}

void running_program::send(int signal) const {
    if (!ended_) ::kill(process_, signal);
}

bool running_program::runs_a_while_longer() {
    if (!ended_ && ::waitpid(process_, &status_, WNOHANG) == process_) ended_ = true;
    if (!ended_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return !ended_;
}

program_end running_program::wait() {
    if (!ended_) ::waitpid(process_, &status_, 0);
    ended_ = true;
    return {.code = WIFEXITED(status_) ? WEXITSTATUS(status_) : -1,
            .out = out_so_far(),
            .err = text_of(folder_.path("err"))};
}

std::string pidmap_stress_path() {
    return PIDMAP_STRESS_PROGRAM;
}

running_program start_pidmap_stress(const std::vector<std::string>& arguments) {
    std::vector<std::string> words{pidmap_stress_path()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return running_program(std::move(words));
}

program_end run_pidmap_stress(const std::vector<std::string>& arguments) {
    return start_pidmap_stress(arguments).wait();
}

program_end run_by_shell(const std::string& command) {
    return running_program({"/bin/sh", "-c", command}).wait();
}

}  // namespace pidmap_stress::testing
