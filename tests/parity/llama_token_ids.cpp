// Token ids from llama.cpp's own library, for token_ids.py.
//   g++ -O1 -I LLAMA/include -I LLAMA/ggml/include llama_token_ids.cpp LIBRARIES -o llama_token_ids
//   llama_token_ids VOCAB.gguf < texts > ids
// Each text: one byte of flags (1: add special tokens, 2: parse special tokens), four bytes of length, the text.
// Each answer: one line of ids.
#include "llama.h"
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

int main(int argc, char ** argv) {
    if (argc != 2) return 2;
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    llama_model * model = llama_model_load_from_file(argv[1], params);
    if (!model) { fprintf(stderr, "cannot load %s\n", argv[1]); return 1; }
    const llama_vocab * vocab = llama_model_get_vocab(model);
    for (;;) {
        uint8_t flags; uint32_t n;
        if (fread(&flags, 1, 1, stdin) != 1 || fread(&n, 4, 1, stdin) != 1) break;
        std::string text(n, 0);
        if (fread(text.data(), 1, n, stdin) != n) return 3;
        std::vector<llama_token> ids(n + 16);
        int32_t got = llama_tokenize(vocab, text.data(), n, ids.data(), ids.size(), flags & 1, flags & 2);
        if (got < 0) {
            ids.resize(-got);
            got = llama_tokenize(vocab, text.data(), n, ids.data(), ids.size(), flags & 1, flags & 2);
        }
        for (int i = 0; i < got; i++) printf(i ? " %d" : "%d", ids[i]);
        putchar('\n');
    }
}
