#pragma once

#include <string>

#include <sys/types.h>

namespace pidmap_stress {

/// Serves the numbers of a soak's journal at http://ADDRESS/metrics, for Prometheus.
///
/// It is a process of its own, which only reads: its threads would not survive the forks of the
/// soak, and a fault in it ends no soak. It ends with the process that made it.
class metrics_server {
public:
    /// \param address  "PORT", on the loopback interface alone, or "HOST:PORT".
    /// \param journal  The file; it need not be there yet.
    /// \throws usage_error  if nothing can listen there, or if this build cannot.
    /// \pre This process has one thread.
    metrics_server(const std::string& address, const std::string& journal);
    ~metrics_server();
    metrics_server(const metrics_server&) = delete;
    metrics_server& operator=(const metrics_server&) = delete;

private:
    pid_t process_ = -1;
};

}  // namespace pidmap_stress
