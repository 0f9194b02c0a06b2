// The only include of <curl/curl.h>: handles that clean up after themselves. Private to this folder.
#pragma once

#include <curl/curl.h>

#include <memory>

namespace muster::curl {

// CURL and CURLM are one type to the compiler, so each has a deleter of its own.
struct FreeEasy {
  using pointer = CURL*;
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  using pointer = CURLM*;
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
using Multi = std::unique_ptr<CURLM, FreeMulti>;
using List = std::unique_ptr<curl_slist, FreeList>;

}  // namespace muster::curl
