"""The painter: a frame's cells, each drawn from its features, as PyTorch. `crates/models/src/video/paint` is its twin."""

import json

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# The columns of a sample's ids, in the stream's order; kinds, colours and moods count from 1, 0 is nobody.
PLACE, TIME, WEATHER, PROP, KIND_A, COLOR_A, MOOD_A, KIND_B, COLOR_B, MOOD_B = range(10)
# A cell's FiLM row: nobody near, the first character, the second.
ROWS = 3


class Backdrop(nn.Module):
    """What a place and a time of day look like: a grid of learnt features for each of the place's three layers and for the time's
    sky (Müller et al. 2022), repeated over x, read between its points where a cell lies."""

    TOP, BOTTOM = -0.62, 0.62
    # columns of a cell's features: 2y, and for each layer and the sky the sine and cosine of its place in the period
    Y, LAYERS, SKY = 78, (94, 104, 114), 124

    def __init__(self, places: int, times: int, columns: int, rows: int, channels: int):
        super().__init__()
        self.columns, self.rows, self.channels = columns, rows, channels
        self.weight = nn.Parameter(0.1 * torch.randn(places, len(self.LAYERS), rows, columns, channels))
        self.sky = nn.Parameter(0.1 * torch.randn(times, rows, columns, channels))

    @property
    def width(self) -> int:
        """Numbers that a cell gets."""
        return (len(self.LAYERS) + 1) * self.channels

    def forward(self, features: Tensor, place: Tensor, time: Tensor) -> Tensor:
        """features [B, N, C], place [B], time [B] → [B, N, width]"""
        y = (features[..., self.Y] / 2 - self.TOP) / (self.BOTTOM - self.TOP) * (self.rows - 1)
        y = y.clamp(0, self.rows - 1.001)
        top, down = y.floor().long(), y.frac()[..., None]
        layers = [(self.weight, place * len(self.LAYERS) + k, at) for k, at in enumerate(self.LAYERS)]
        out = []
        for weight, grid, at in [*layers, (self.sky, time, self.SKY)]:
            table = weight.view(-1, self.channels)
            x = torch.atan2(features[..., at], features[..., at + 1]) / (2 * torch.pi) % 1.0 * self.columns
            left, right = x.floor().long() % self.columns, x.frac()[..., None]
            start = (grid[:, None] * self.rows + top) * self.columns
            beside = (left + 1) % self.columns
            read = lambda offset: F.embedding(start + offset, table)
            above = read(left) * (1 - right) + read(beside) * right
            below = read(left + self.columns) * (1 - right) + read(beside + self.columns) * right
            out.append(above * (1 - down) + below * down)
        return torch.cat(out, -1)


class Detail(nn.Module):
    """What a cell's own pixels cannot say: edges that cross cells, drawn by two 3×3 convolutions on half cells of 2×2 pixels."""

    def __init__(self, dim: int, channels: int):
        super().__init__()
        self.input = nn.Linear(dim, 4 * channels)
        self.hidden = nn.Conv2d(channels, channels, 3, padding=1)
        self.output = nn.Conv2d(channels, 12, 3, padding=1)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        """x [B, N, dim] → [B, 3, 4 · height, 4 · width], to be added to the picture"""
        y = self.input(x).view(len(x), height, width, -1).permute(0, 3, 1, 2)
        y = F.gelu(F.pixel_shuffle(y, 2), approximate="tanh")
        y = y + F.gelu(self.hidden(y), approximate="tanh")
        return F.pixel_shuffle(self.output(y), 2)


class Painter(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.config = config
        dim, layers, emb, hidden = config["dim"], config["layers"], config["embedding"], config["film_hidden"]
        self.kind = nn.Embedding(config["kinds"] + 1, emb)
        self.color = nn.Embedding(config["colors"] + 1, emb)
        self.mood = nn.Embedding(config["moods"] + 1, emb)
        self.place = nn.Embedding(config["places"], emb)
        self.time = nn.Embedding(config["times"], emb)
        self.weather = nn.Embedding(config["weathers"], emb)
        self.prop = nn.Embedding(config["props"], emb)
        self.film_0 = nn.Linear(9 * emb, hidden)
        self.film_2 = nn.Linear(hidden, 2 * dim * (layers + 1))
        grid = config["backdrop"]
        self.backdrop = Backdrop(config["places"], config["times"], grid["columns"], grid["rows"], grid["channels"])
        self.input = nn.Linear(config["features"] + self.backdrop.width, dim)
        self.up = nn.ModuleList(nn.Linear(dim, dim) for _ in range(layers))
        self.down = nn.ModuleList(nn.Linear(dim, dim) for _ in range(layers))
        self.mix = nn.ModuleDict(
            {str(i): nn.Conv2d(dim, dim, 3, padding=1, groups=dim) for i in config["mix_after"]}
        )
        self.output = nn.Linear(dim, 3 * config["cell"] ** 2)
        self.detail = Detail(dim, config["detail"])
        # of what falls: how opaque it is in each colour, and its colour times that
        self.falling = nn.Linear(hidden, 6)
        nn.init.zeros_(self.falling.weight)
        nn.init.constant_(self.falling.bias, 0.5)
        for layer in self.down:
            nn.init.zeros_(layer.bias)
            layer.weight.data *= 0.5

    def look(self, ids: Tensor) -> Tensor:
        """ids [B, 10] → [B, ROWS, hidden]: what a shot's words say together for each row."""
        a, ca, ma, b, cb, mb = (ids[:, i] for i in (KIND_A, COLOR_A, MOOD_A, KIND_B, COLOR_B, MOOD_B))
        rows = (torch.zeros_like(a),) * 5, (a, ca, ma, b, cb), (b, cb, mb, a, ca)
        who = torch.stack([torch.stack(row, 1) for row in rows], 1)  # [B, 3, 5]
        shot = torch.cat(
            [self.prop(ids[:, PROP]), self.place(ids[:, PLACE]), self.time(ids[:, TIME]), self.weather(ids[:, WEATHER])], 1
        )
        e = torch.cat(
            [
                self.kind(who[:, :, 0]),
                self.color(who[:, :, 1]),
                self.mood(who[:, :, 2]),
                self.kind(who[:, :, 3]),
                self.color(who[:, :, 4]),
                shot[:, None].expand(-1, ROWS, -1),
            ],
            2,
        )
        return F.silu(self.film_0(e))

    def forward(self, features: Tensor, rows: Tensor, ids: Tensor, cover: Tensor, height: int, width: int) -> Tensor:
        """
        features [B, N, C], rows [B, N], ids [B, 10], cover [B, 1, cell · height, cell · width], how much of a pixel drops or flakes
        cover → [B, 3, cell · height, cell · width], 0..1; N = height · width.
        """
        batch, cells, _ = features.shape
        dim = self.config["dim"]
        pick = F.one_hot(rows, ROWS).to(features.dtype)  # [B, N, 3]
        look = self.look(ids)
        # of each row and each layer: scale and shift
        m = torch.bmm(pick, self.film_2(look)).view(batch, cells, -1, 2, dim).unbind(2)
        seen = torch.cat([features, self.backdrop(features, ids[:, PLACE], ids[:, TIME])], -1)
        with torch.autocast(seen.device.type, enabled=False):  # places to a part of a pixel: too fine for bf16
            x = self.input(seen.float())
        x = x * (1 + m[0][:, :, 0]) + m[0][:, :, 1]
        for i, (up, down) in enumerate(zip(self.up, self.down)):
            y = F.layer_norm(x, (dim,)) * (1 + m[i + 1][:, :, 0]) + m[i + 1][:, :, 1]
            x = x + down(F.gelu(up(y), approximate="tanh"))
            if str(i) in self.mix:
                grid = x.view(batch, height, width, dim).permute(0, 3, 1, 2)
                x = x + self.mix[str(i)](grid).permute(0, 2, 3, 1).reshape(batch, cells, dim)
        x = F.layer_norm(x, (dim,))
        y = self.output(x).view(batch, height, width, -1).permute(0, 3, 1, 2)
        y = F.pixel_shuffle(y, self.config["cell"]) + self.detail(x, height, width)
        y = y * 0.5 + 0.5
        opaque, color = (self.falling(look[:, 0])[:, :, None, None] * cover).chunk(2, 1)
        return y * (1 - opaque) + color


def config_of(header: dict, dim: int = 192, layers: int = 5) -> dict:
    """The network's numbers, from the header of a stream of samples."""
    words = header["vocabulary"]
    return {
        "architecture": "kinora-paint",
        "features": header["features"],
        "cell": header["cell"],
        "dim": dim,
        "layers": layers,
        "mix_after": [1, 3],
        "detail": 32,
        "backdrop": {"columns": 96, "rows": 48, "channels": 8},
        "embedding": 64,
        "film_hidden": 256,
        "kinds": len(words["character"]),
        "colors": len(words["color"]),
        "moods": len(words["mood"]),
        "places": len(words["place"]),
        "times": len(words["time"]),
        "weathers": len(words["weather"]),
        "props": len(words["prop"]),
    }


def save(path: str, state: dict, config: dict, vocabulary: dict, extra: dict, dtype: torch.dtype = torch.float16) -> None:
    """Weights as safetensors; config, vocabulary and `extra` as JSON in the header."""
    from safetensors.torch import save_file

    meta = {"config": json.dumps(config), "vocabulary": json.dumps(vocabulary)}
    meta |= {k: v if isinstance(v, str) else json.dumps(v) for k, v in extra.items()}
    save_file({k: v.to(dtype).contiguous() for k, v in state.items()}, path, metadata=meta)
