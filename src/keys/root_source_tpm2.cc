#include "keys/root_source_tpm2.h"

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

namespace countersign::keys {
namespace {

constexpr std::string_view kScheme = "tpm2:";
constexpr std::string_view kKernelTpm = "device:/dev/tpmrm0";
constexpr std::size_t kSealedMax = 1024;

// TCG TPM v2.0 Provisioning Guidance §7.5.1: the storage root key on P-256. The TPM makes the same one each time.
constexpr TPMA_OBJECT kStorageKey = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                    TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |
                                    TPMA_OBJECT_DECRYPT;
constexpr TPMA_OBJECT kSealedObject =
    TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA;

TPMT_SYM_DEF_OBJECT aes128_cfb() {
  TPMT_SYM_DEF_OBJECT out = {};
  out.algorithm = TPM2_ALG_AES;
  out.keyBits.aes = 128;
  out.mode.aes = TPM2_ALG_CFB;
  return out;
}

TPM2B_PUBLIC storage_template() {
  TPM2B_PUBLIC out = {};
  out.publicArea.type = TPM2_ALG_ECC;
  out.publicArea.nameAlg = TPM2_ALG_SHA256;
  out.publicArea.objectAttributes = kStorageKey;
  TPMS_ECC_PARMS& ecc = out.publicArea.parameters.eccDetail;
  ecc.symmetric = aes128_cfb();
  ecc.scheme.scheme = TPM2_ALG_NULL;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  return out;
}

TPM2B_PUBLIC sealed_template() {
  TPM2B_PUBLIC out = {};
  out.publicArea.type = TPM2_ALG_KEYEDHASH;
  out.publicArea.nameAlg = TPM2_ALG_SHA256;
  out.publicArea.objectAttributes = kSealedObject;
  out.publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
  return out;
}

template <class T>
struct Made {
  T* it = nullptr;
  Made() = default;
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;
  ~Made() { Esys_Free(it); }
};

Error another_tpm() {
  return {Errc::refused,
          "root.key was sealed by another TPM, or this one was cleared; start on the machine it was made "
          "on, or restore root.key from the backup made before it was wrapped"};
}

// One visit to the TPM: connected, the storage root key made, an encrypted session open. All of it ends with the
// object.
class Visit {
  std::string tcti_name_;
  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
  ESYS_TR storage_key_ = ESYS_TR_NONE, session_ = ESYS_TR_NONE, object_ = ESYS_TR_NONE;

 public:
  explicit Visit(std::string tcti) : tcti_name_(std::move(tcti)) {}
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  ~Visit() {
    for (const ESYS_TR handle : {object_, session_, storage_key_}) {
      if (handle != ESYS_TR_NONE) static_cast<void>(Esys_FlushContext(esys_, handle));
    }
    if (esys_ != nullptr) Esys_Finalize(&esys_);
    if (tcti_ != nullptr) Tss2_TctiLdr_Finalize(&tcti_);
  }

  Result<void> enter() {
    const TSS2_RC connected = Tss2_TctiLdr_Initialize(tcti_name_.c_str(), &tcti_);
    if (connected != TSS2_RC_SUCCESS) return away(connected);
    const TSS2_RC ready = Esys_Initialize(&esys_, tcti_, nullptr);
    if (ready != TSS2_RC_SUCCESS) return away(ready);

    const TPM2B_SENSITIVE_CREATE nothing = {};
    const TPM2B_PUBLIC wanted = storage_template();
    const TPM2B_DATA outside = {};
    const TPML_PCR_SELECTION no_pcr = {};
    const TSS2_RC made =
        Esys_CreatePrimary(esys_, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &nothing, &wanted,
                           &outside, &no_pcr, &storage_key_, nullptr, nullptr, nullptr, nullptr);
    if (made != TSS2_RC_SUCCESS) return failed("does not make its storage key", made);

    // What crosses the bus is encrypted, by a session salted to that key.
    TPMT_SYM_DEF symmetric = {};
    symmetric.algorithm = TPM2_ALG_AES;
    symmetric.keyBits.aes = 128;
    symmetric.mode.aes = TPM2_ALG_CFB;
    const TSS2_RC begun =
        Esys_StartAuthSession(esys_, storage_key_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, nullptr,
                              TPM2_SE_HMAC, &symmetric, TPM2_ALG_SHA256, &session_);
    if (begun != TSS2_RC_SUCCESS) return failed("opens no session", begun);
    const TPMA_SESSION both = TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT | TPMA_SESSION_CONTINUESESSION;
    const TSS2_RC set = Esys_TRSess_SetAttributes(esys_, session_, both, both);
    if (set != TSS2_RC_SUCCESS) return failed("encrypts no session", set);
    return {};
  }

  Result<Bytes> seal(const Secret& key) {
    TPM2B_SENSITIVE_CREATE sensitive = {};
    const ByteView plain = key.reveal_bytes();
    sensitive.sensitive.data.size = static_cast<UINT16>(plain.size());
    std::ranges::copy(plain, sensitive.sensitive.data.buffer);
    const TPM2B_PUBLIC wanted = sealed_template();
    const TPM2B_DATA outside = {};
    const TPML_PCR_SELECTION no_pcr = {};
    Made<TPM2B_PRIVATE> sealed;
    Made<TPM2B_PUBLIC> open;
    const TSS2_RC made = Esys_Create(esys_, storage_key_, session_, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &wanted,
                                     &outside, &no_pcr, &sealed.it, &open.it, nullptr, nullptr, nullptr);
    ::explicit_bzero(&sensitive, sizeof sensitive);
    if (made != TSS2_RC_SUCCESS) return failed("does not seal", made);
    Bytes out(kSealedMax);
    std::size_t size = 0;
    if (Tss2_MU_TPM2B_PUBLIC_Marshal(open.it, out.data(), out.size(), &size) != TSS2_RC_SUCCESS ||
        Tss2_MU_TPM2B_PRIVATE_Marshal(sealed.it, out.data(), out.size(), &size) != TSS2_RC_SUCCESS) {
      return Error{Errc::unavailable, "the TPM's answer is longer than any"};
    }
    out.resize(size);
    return out;
  }

  Result<Secret> unseal(ByteView wrapped) {
    TPM2B_PUBLIC open = {};
    TPM2B_PRIVATE sealed = {};
    std::size_t at = 0;
    if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(wrapped.data(), wrapped.size(), &at, &open) != TSS2_RC_SUCCESS ||
        Tss2_MU_TPM2B_PRIVATE_Unmarshal(wrapped.data(), wrapped.size(), &at, &sealed) != TSS2_RC_SUCCESS ||
        at != wrapped.size()) {
      return Error{Errc::refused, "root.key holds nothing that a TPM sealed; restore it from the backup"};
    }
    const TSS2_RC loaded =
        Esys_Load(esys_, storage_key_, session_, ESYS_TR_NONE, ESYS_TR_NONE, &sealed, &open, &object_);
    // The format-1 codes of Load that blame the blob, and not the TPM (TPM 2.0 Part 2 §6.6.3).
    const TSS2_RC plain_code = loaded & (TPM2_RC_FMT1 | 0x3F);
    if (plain_code == TPM2_RC_INTEGRITY || plain_code == TPM2_RC_SIZE || plain_code == TPM2_RC_BINDING ||
        plain_code == TPM2_RC_VALUE) {
      return another_tpm();
    }
    if (loaded != TSS2_RC_SUCCESS) return failed("does not load root.key", loaded);
    Made<TPM2B_SENSITIVE_DATA> data;
    const TSS2_RC opened = Esys_Unseal(esys_, object_, session_, ESYS_TR_NONE, ESYS_TR_NONE, &data.it);
    if (opened != TSS2_RC_SUCCESS) return failed("does not unseal root.key", opened);
    Secret out(ByteView(data.it->buffer, data.it->size));
    ::explicit_bzero(data.it, sizeof *data.it);
    return out;
  }

 private:
  Error away(TSS2_RC code) const {
    return {Errc::unavailable, "no TPM answers at '" + tcti_name_ + "' (" + Tss2_RC_Decode(code) +
                                   "); is it there, and may this user open it (group tss)?"};
  }
  Error failed(const char* what, TSS2_RC code) const {
    return {Errc::refused, "the TPM at '" + tcti_name_ + "' " + what + ": " + Tss2_RC_Decode(code)};
  }
};

class Tpm2Wrapper : public RootWrapper {
  std::string tcti_;

 public:
  explicit Tpm2Wrapper(std::string tcti) : tcti_(std::move(tcti)) {}

  Result<Bytes> wrap(const Secret& key) override {
    Visit visit(tcti_);
    TRY(visit.enter());
    return visit.seal(key);
  }
  Result<Secret> unwrap(ByteView wrapped) override {
    Visit visit(tcti_);
    TRY(visit.enter());
    return visit.unseal(wrapped);
  }
};

}  // namespace

Result<std::unique_ptr<RootWrapper>> tpm2_wrapper(std::string_view text) {
  const std::string_view given = text.substr(kScheme.size());
  const auto fits = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::ranges::all_of(given, fits)) return Error{Errc::malformed, "root_key: tpm2: no TCTI has such characters"};
  // tpm2-tss writes its own lines to standard error, which is the operator's log; errors come back as codes anyway.
  static_cast<void>(::setenv("TSS2_LOG", "all+NONE", 0));
  return std::unique_ptr<RootWrapper>(std::make_unique<Tpm2Wrapper>(std::string(given.empty() ? kKernelTpm : given)));
}

}  // namespace countersign::keys
