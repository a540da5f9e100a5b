#include "harness/command/soak/metrics_server.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <fmt/format.h>

#include "harness/base/usage_error.hpp"

#ifdef PIDMAP_STRESS_PROMETHEUS
#include <fcntl.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>

#include "harness/base/parent_process.hpp"
#include "harness/journal/metrics.hpp"
#endif

namespace pidmap_stress {

#ifdef PIDMAP_STRESS_PROMETHEUS
namespace {

/// What the journal says now: each time, only what was added is read.
class journal_reader final : public prometheus::Collectable {
public:
    explicit journal_reader(std::string journal) : journal_(std::move(journal)) {}

    std::vector<prometheus::MetricFamily> Collect() const override {
        const std::scoped_lock here(lock_);
        read_on();
        std::vector<prometheus::MetricFamily> all;
        if (!sum_) return all;
        for (const journal::metric_family& one : sum_->families()) {
            prometheus::MetricFamily family;
            family.name = one.name;
            family.help = one.help;
            family.type =
                one.counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
            for (const journal::metric_sample& sample : one.samples) {
                prometheus::ClientMetric metric;
                for (const auto& [name, value] : sample.labels)
                    metric.label.push_back({name, value});
                (one.counts ? metric.counter.value : metric.gauge.value) = sample.value;
                family.metric.push_back(std::move(metric));
            }
            all.push_back(std::move(family));
        }
        return all;
    }

private:
    void read_on() const {
        std::ifstream file(journal_, std::ios::binary);
        if (!file.seekg(static_cast<std::streamoff>(read_))) return;
        // A line without its end is still being written.
        for (std::string line; std::getline(file, line) && !file.eof(); read_ += line.size() + 1)
            add(line);
    }
    void add(const std::string& line) const {
        const journal::record what = journal::from_line(line);
        if (const auto* const campaign = std::get_if<journal::campaign_record>(&what))
            sum_.emplace(*campaign);
        if (!sum_) return;
        if (const auto* const slice = std::get_if<journal::slice_record>(&what))
            sum_->add(*slice);
        else if (const auto* const canary = std::get_if<journal::canary_record>(&what))
            sum_->add(*canary);
    }

    std::string journal_;
    mutable std::mutex lock_;
    mutable std::uint64_t read_ = 0;
    mutable std::optional<journal::metrics> sum_;
};

[[noreturn]] void serve(const std::string& address, const std::string& journal, int ready,
                        pid_t parent) {
    end_with_parent(parent);
    try {
        prometheus::Exposer exposer(address);
        const auto reader = std::make_shared<journal_reader>(journal);
        exposer.RegisterCollectable(reader);
        (void)!::write(ready, "+", 1);
        ::close(ready);
        while (true) ::pause();
    } catch (const std::exception&) {
        // The library does not say more than that it could not.
        ::_exit(1);
    }
}

}  // namespace

metrics_server::metrics_server(const std::string& address, const std::string& journal) {
    const bool is_port = address.find(':') == std::string::npos;
    const std::string where = is_port ? "127.0.0.1:" + address : address;
    std::array<int, 2> ready{};
    if (::pipe2(ready.data(), O_CLOEXEC) != 0)
        throw usage_error(fmt::format("--metrics {}: no pipe", address));
    const pid_t parent = ::getpid();
    process_ = ::fork();
    if (process_ == 0) serve(where, journal, ready[1], parent);
    ::close(ready[1]);
    char told = 0;
    ssize_t got = 0;
    do got = process_ < 0 ? 0 : ::read(ready[0], &told, 1);
    while (got < 0 && errno == EINTR);
    ::close(ready[0]);
    if (got == 1) return;
    if (process_ > 0) ::waitpid(process_, nullptr, 0);
    throw usage_error(fmt::format(
        "--metrics {}: nothing can listen there; give a free PORT, or HOST:PORT of this machine",
        address));
}

#else
metrics_server::metrics_server(const std::string& address, const std::string& /*journal*/) {
    throw usage_error(
        fmt::format("--metrics {}: this build cannot serve; --metrics-file FILE can be read by "
                    "Prometheus too, or install prometheus-cpp-dev and build again",
                    address));
}
#endif

metrics_server::~metrics_server() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
}

}  // namespace pidmap_stress
