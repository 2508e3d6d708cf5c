"""The least program that trains with PyTorch: one step of the lesson's network at batch 32."""

import torch
from torch import nn

torch.set_num_threads(1)
model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.01)
loss = nn.CrossEntropyLoss()(model(torch.rand(32, 784)), torch.randint(0, 10, (32,)))
loss.backward()
optimizer.step()
print(loss.item())
