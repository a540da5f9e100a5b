#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/journal/summary.hpp"

/// Results files of `explore --matrix`, `explore --clients` and `mutants`, which may be parts of
/// one work (`--shard`), put together: a proof for each part is a proof only if every part is
/// there.
namespace pidmap_stress::journal {

class joined_results {
public:
    /// Adds a results file. Of a part that is added twice the more complete one counts; so nothing
    /// depends on the order.
    ///
    /// \throws std::runtime_error  if it is not one: a sentence that names `path`.
    void add(const std::string& path, const std::string& text);
    [[nodiscard]] bool empty() const noexcept { return works_.empty(); }

    /// What all of them showed: an entry for each variant and discipline, by scenario or by
    /// clients, and one for each study of mutants. Does not depend on the order in which files were
    /// added.
    [[nodiscard]] std::vector<other_part> explored() const;
    /// Parts that are not there, or that did not come to their end.
    [[nodiscard]] std::vector<missing_part> missing() const;

private:
    /// By the part's index.
    using parts = std::map<unsigned, nlohmann::json>;
    /// By what the parts of one work have in common: command, configuration and build.
    std::map<std::string, parts> works_;
};

}  // namespace pidmap_stress::journal
