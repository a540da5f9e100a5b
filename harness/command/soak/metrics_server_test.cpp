// Numbers over HTTP, as Prometheus sees them.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "harness/command/options.hpp"
#include "harness/journal/journal_file.hpp"
#include "harness/testing/program.hpp"

namespace pidmap_stress {
namespace {

using ::testing::HasSubstr;

/// A socket on the loopback interface.
class loopback_socket {
public:
    loopback_socket() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    ~loopback_socket() { ::close(socket_); }
    loopback_socket(const loopback_socket&) = delete;
    loopback_socket& operator=(const loopback_socket&) = delete;

    /// Takes a free port. \returns Its number.
    [[nodiscard]] int listen() {
        sockaddr_in where = address_of(0);
        socklen_t size = sizeof where;
        EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&where), size), 0);
        EXPECT_EQ(::listen(socket_, 1), 0);
        EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&where), &size), 0);
        return ntohs(where.sin_port);
    }
    /// \returns What is answered; "" if nothing listens there.
    [[nodiscard]] std::string get(int port, const std::string& path) {
        sockaddr_in where = address_of(port);
        if (::connect(socket_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) return "";
        const std::string request =
            "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        EXPECT_EQ(::send(socket_, request.data(), request.size(), 0),
                  static_cast<ssize_t>(request.size()));
        std::string answer;
        std::array<char, 4096> some{};
        for (ssize_t got = 0; (got = ::recv(socket_, some.data(), some.size(), 0)) > 0;)
            answer.append(some.data(), static_cast<std::size_t>(got));
        return answer;
    }

private:
    [[nodiscard]] static sockaddr_in address_of(int port) {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_port = htons(static_cast<std::uint16_t>(port));
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return where;
    }

    int socket_;
};

[[nodiscard]] std::vector<std::string> soak_with(const std::string& folder,
                                                 const std::string& address) {
    return {"soak", "--dir",      folder,  "--duration", "1m",    "--variant", "sound", "--seed",
            "5",    "--scenario", "churn", "--slice",    "100ms", "--metrics", address};
}

[[nodiscard]] bool can_serve() {
    const testing::scratch_folder folder;
    const auto end = testing::run_pidmap_stress(soak_with(folder.path("d"), "x"));
    return end.err.find("this build cannot serve") == std::string::npos;
}

// Goal: show that the numbers can be read while the soak runs, and no longer.
TEST(MetricsServer, ServesWhileTheSoakRuns) {
    if (!can_serve()) GTEST_SKIP() << "built without prometheus-cpp (Debian: prometheus-cpp-dev)";
    const testing::scratch_folder folder;
    const int port = loopback_socket().listen();  // Free again when this line is done.
    auto run = testing::start_pidmap_stress(soak_with(folder.path("d"), std::to_string(port)));
    std::string answer;
    EXPECT_TRUE(run.wait_until([&] {
        answer = loopback_socket().get(port, "/metrics");
        constexpr std::string_view slices = "\npidmap_stress_slices_total{world=\"native\"} ";
        const std::size_t found = answer.find(slices);
        return found != std::string::npos && answer[found + slices.size()] != '0';
    })) << answer;
    EXPECT_THAT(answer, HasSubstr("200 OK"));
    EXPECT_THAT(answer, HasSubstr("# TYPE pidmap_stress_operations_total counter"));
    run.send(SIGTERM);
    EXPECT_EQ(run.wait().code, exit_cut_short);
    EXPECT_EQ(loopback_socket().get(port, "/metrics"), "") << "it outlived the soak";
}

// A port that is taken is said before any work is done.
TEST(MetricsServer, RefusesAPortInUse) {
    if (!can_serve()) GTEST_SKIP() << "built without prometheus-cpp (Debian: prometheus-cpp-dev)";
    const testing::scratch_folder folder;
    loopback_socket taken;
    const std::string port = std::to_string(taken.listen());
    for (const std::string& wrong : {port, std::string("70000"), std::string("no such host:1")}) {
        const auto end = testing::run_pidmap_stress(soak_with(folder.path("d"), wrong));
        EXPECT_EQ(end.code, exit_usage);
        EXPECT_THAT(end.err, HasSubstr("--metrics " + wrong + ": nothing can listen there"));
        EXPECT_FALSE(journal::read_journal(folder.path("d"))) << "work was done";
    }
}

}  // namespace
}  // namespace pidmap_stress
